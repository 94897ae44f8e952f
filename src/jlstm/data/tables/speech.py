"""Where the recordings come from."""

from jlstm.data.remote import Dataset, RemoteFile, gzipped

_SKTIME = (
    "https://raw.githubusercontent.com/sktime/sktime/"
    "d083d009d6907fd0c3d5634926edffe7c085faa1/sktime/datasets/data/JapaneseVowels/"
)

SPEECH = (
    Dataset(
        name="fsdd",
        files=(
            RemoteFile(
                "recordings",
                "fsdd/recordings.zip",
                "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/"
                "26eb9aaf76e81b692f806f9140c2d2777410d7a1.zip",
                "members-sha256:recordings/*.wav:"
                "04e1baae96c6a26e39c623f2b01d0182ddae627ba0ac02a3cdc17ba2af99fd9b",
                21_128_848,
            ),
        ),
        licence="CC BY-SA 4.0",
        citation="Jackson et al. 2018, 10.5281/zenodo.1342401",
    ),
    Dataset(
        name="japanese_vowels",
        files=(
            *gzipped(
                "train",
                "japanese-vowels/JapaneseVowels_TRAIN.ts",
                _SKTIME + "JapaneseVowels_TRAIN.ts",
                "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
                487_971,
            ),
            *gzipped(
                "test",
                "japanese-vowels/JapaneseVowels_TEST.ts",
                _SKTIME + "JapaneseVowels_TEST.ts",
                "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
                649_132,
            ),
        ),
        licence="not stated; UCI archive",
        citation="Kudo, Toyama and Shimbo 1999, Multidimensional curve classification",
    ),
)
