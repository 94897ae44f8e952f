"""Law: what is exported stands in the table."""

import jlstm
from tests.zoo import ALL, CELLS, LAYERS


def concrete_subclasses(base):
    exported = (value for value in vars(jlstm).values() if isinstance(value, type))
    return {
        kind
        for kind in exported
        if issubclass(kind, base) and not getattr(kind, "__abstractmethods__", None)
    }


def parts(layer):
    """Return the layer and the layers inside it."""
    inner = getattr(layer, "layers", ())
    return [layer, *(part for one in inner for part in parts(one))]


def test_every_cell_has_a_row():
    wanted = concrete_subclasses(jlstm.Cell)
    assert jlstm.LSTMCell in wanted
    missing = wanted - {type(row.cell) for row in CELLS}
    assert not missing, f"give these a row in tests/zoo: {missing}"


def test_every_layer_has_a_row():
    wanted = {
        kind
        for kind in vars(jlstm).values()
        if isinstance(kind, type) and hasattr(kind, "apply") and kind is not jlstm.Layer
    }
    assert {jlstm.Recurrent, jlstm.Bidirectional, jlstm.Stack} <= wanted
    missing = wanted - {type(part) for row in LAYERS for part in parts(row.layer)}
    assert not missing, f"give these a row in tests/zoo: {missing}"


def test_names_are_different():
    names = [row.name for row in ALL]
    assert len(set(names)) == len(names)


def test_layers_fulfil_the_protocol():
    assert all(isinstance(row.layer, jlstm.Layer) for row in ALL)
