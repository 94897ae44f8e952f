"""Where the sentence pairs come from."""

from jlstm.data.remote import Dataset, RemoteFile

_RAW = (
    "https://raw.githubusercontent.com/multi30k/dataset/"
    "a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw/"
)

TRANSLATION = (
    Dataset(
        name="multi30k",
        files=(
            RemoteFile(
                "train.de",
                "multi30k/train.de.gz",
                _RAW + "train.de.gz",
                "sha256:"
                "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
                637_044,
            ),
            RemoteFile(
                "train.en",
                "multi30k/train.en.gz",
                _RAW + "train.en.gz",
                "sha256:"
                "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
                568_929,
            ),
            RemoteFile(
                "train.fr",
                "multi30k/train.fr.gz",
                _RAW + "train.fr.gz",
                "sha256:"
                "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
                604_242,
            ),
            RemoteFile(
                "val.de",
                "multi30k/val.de.gz",
                _RAW + "val.de.gz",
                "sha256:"
                "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
                24_681,
            ),
            RemoteFile(
                "val.en",
                "multi30k/val.en.gz",
                _RAW + "val.en.gz",
                "sha256:"
                "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
                21_650,
            ),
            RemoteFile(
                "val.fr",
                "multi30k/val.fr.gz",
                _RAW + "val.fr.gz",
                "sha256:"
                "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
                23_001,
            ),
            RemoteFile(
                "test_2016_flickr.de",
                "multi30k/test_2016_flickr.de.gz",
                _RAW + "test_2016_flickr.de.gz",
                "sha256:"
                "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
                22_890,
            ),
            RemoteFile(
                "test_2016_flickr.en",
                "multi30k/test_2016_flickr.en.gz",
                _RAW + "test_2016_flickr.en.gz",
                "sha256:"
                "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
                21_077,
            ),
            RemoteFile(
                "test_2016_flickr.fr",
                "multi30k/test_2016_flickr.fr.gz",
                _RAW + "test_2016_flickr.fr.gz",
                "sha256:"
                "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
                22_310,
            ),
            RemoteFile(
                "test_2017_flickr.de",
                "multi30k/test_2017_flickr.de.gz",
                _RAW + "test_2017_flickr.de.gz",
                "sha256:"
                "a2c89666db00c495cd8513b9d708d5a3acc205d7de312ef2bf5fb7ebc1540aee",
                21_471,
            ),
            RemoteFile(
                "test_2017_flickr.en",
                "multi30k/test_2017_flickr.en.gz",
                _RAW + "test_2017_flickr.en.gz",
                "sha256:"
                "76a444ee25172e72695cddb13ae4a3bda59430617be88e0bb46b60504f054074",
                19_138,
            ),
            RemoteFile(
                "test_2017_flickr.fr",
                "multi30k/test_2017_flickr.fr.gz",
                _RAW + "test_2017_flickr.fr.gz",
                "sha256:"
                "3ba671ceb2299f3304ffafefea7a833d08632fbaf0ba18546f8a2ec2391af496",
                20_434,
            ),
            RemoteFile(
                "test_2017_mscoco.de",
                "multi30k/test_2017_mscoco.de.gz",
                _RAW + "test_2017_mscoco.de.gz",
                "sha256:"
                "799e4854c25d601cb6cb6be29eabe5667734c61ace2f495e03e429031a0bc338",
                10_230,
            ),
            RemoteFile(
                "test_2017_mscoco.en",
                "multi30k/test_2017_mscoco.en.gz",
                _RAW + "test_2017_mscoco.en.gz",
                "sha256:"
                "aab300bfb4427697987e02cd0aacd44bfe8aa50456231b6474c08038bbed2b58",
                8_844,
            ),
            RemoteFile(
                "test_2017_mscoco.fr",
                "multi30k/test_2017_mscoco.fr.gz",
                _RAW + "test_2017_mscoco.fr.gz",
                "sha256:"
                "754f3072ba9f124569ba5258b32730fc1d214bbf8e0c6dfb2b74401676220db0",
                9_751,
            ),
        ),
        licence="not stated; the captions derive from Flickr30k, research use",
        citation="Elliott et al. 2016, W16-3210; Elliott et al. 2017, W17-4718",
    ),
)
