"""Where the tagged sentences come from."""

from jlstm.data.remote import Dataset, gzipped

_EWT = (
    "https://raw.githubusercontent.com/UniversalDependencies/UD_English-EWT/"
    "15d613d8447b3478787d4c278730a1e48a945efb/"
)
_NLTK = (
    "https://raw.githubusercontent.com/nltk/nltk_data/"
    "5db857e6f7df11eabb5e5665836db9ec8df07e28/packages/corpora/"
)

TAGGING = (
    Dataset(
        name="ud_english_ewt",
        files=(
            *gzipped(
                "train",
                "ud-english-ewt/en_ewt-ud-train.conllu",
                _EWT + "en_ewt-ud-train.conllu",
                "3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b",
                14_203_025,
            ),
            *gzipped(
                "dev",
                "ud-english-ewt/en_ewt-ud-dev.conllu",
                _EWT + "en_ewt-ud-dev.conllu",
                "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6",
                1_805_545,
            ),
            *gzipped(
                "test",
                "ud-english-ewt/en_ewt-ud-test.conllu",
                _EWT + "en_ewt-ud-test.conllu",
                "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd",
                1_804_515,
            ),
        ),
        licence="CC BY-SA 4.0 (annotations)",
        citation="Silveira et al. 2014, A gold standard dependency corpus for English",
    ),
    Dataset(
        name="conll2000",
        files=(
            *gzipped(
                "train",
                "conll2000/train.txt",
                _NLTK + "conll2000.zip",
                "82033cd7a72b209923a98007793e8f9de3abc1c8b79d646c50648eb949b87cea",
                2_842_164,
                member="conll2000/train.txt",
            ),
            *gzipped(
                "test",
                "conll2000/test.txt",
                _NLTK + "conll2000.zip",
                "73b7b1e565fa75a1e22fe52ecdf41b6624d6f59dacb591d44252bf4d692b1628",
                639_396,
                member="conll2000/test.txt",
            ),
        ),
        licence="not stated; the text is WSJ (LDC), research use",
        citation="Tjong Kim Sang and Buchholz 2000, W00-0726",
    ),
)
