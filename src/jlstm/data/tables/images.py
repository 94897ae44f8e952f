"""Where the images come from."""

from jlstm.data.remote import Dataset, RemoteFile

_LECUN = "http://yann.lecun.com/exdb/mnist/"

IMAGES = (
    Dataset(
        name="mnist",
        files=(
            RemoteFile(
                "train_images",
                "mnist/train-images-idx3-ubyte.gz",
                _LECUN + "train-images-idx3-ubyte.gz",
                "gunzip-sha256:"
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                47_040_016,
            ),
            RemoteFile(
                "train_labels",
                "mnist/train-labels-idx1-ubyte.gz",
                _LECUN + "train-labels-idx1-ubyte.gz",
                "gunzip-sha256:"
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                60_008,
            ),
            RemoteFile(
                "test_images",
                "mnist/t10k-images-idx3-ubyte.gz",
                _LECUN + "t10k-images-idx3-ubyte.gz",
                "gunzip-sha256:"
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                7_840_016,
            ),
            RemoteFile(
                "test_labels",
                "mnist/t10k-labels-idx1-ubyte.gz",
                _LECUN + "t10k-labels-idx1-ubyte.gz",
                "gunzip-sha256:"
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                10_008,
            ),
        ),
        licence="not stated",
        citation="LeCun et al. 1998, Gradient-based learning for documents",
    ),
)
