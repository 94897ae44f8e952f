"""The tutorial runs, and what its text says of the numbers is so."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest

PAGES = Path(__file__).parents[1] / "docs" / "tutorial"
NAMES = sorted(path.name for path in PAGES.glob("*.py"))


@pytest.fixture
def run(user_defaults):
    """Run a page under JAX's defaults, as its reader does; return its names."""
    with np.printoptions():  # the pages set how many digits are shown
        yield lambda name: runpy.run_path(str(PAGES / name))


@pytest.mark.long
def test_jax_does_what_numpy_does_but_for_keys_and_writing(run):
    page = run("00_jax_for_numpy.py")
    np.testing.assert_array_equal(page["ours"], page["theirs"])
    assert not page["zeros"].any()
    np.testing.assert_array_equal(page["once"], page["again"])
    assert (page["once"] != page["other"]).all()
    np.testing.assert_allclose(page["sums"], np.cumsum(np.arange(1.0, 6.0)))
    np.testing.assert_allclose(page["slope"], 2 * np.asarray(page["x"]))
    np.testing.assert_allclose(page["rows"], [14.0, 56.0])


@pytest.mark.long
def test_a_plain_network_loses_the_same_share_a_step(run):
    page = run("01_recurrent_networks.py")
    assert page["difference"] < 1e-6
    assert page["norms"][50] < 1e-10
    assert 0.4 < page["a_step"] < page["radius"] < 0.7  # tanh shrinks further
    assert page["exploding"][50] > 1e3


@pytest.mark.long
def test_along_the_cell_state_the_factor_is_the_forget_gate(run):
    page = run("02_cell_state.py")
    assert page["difference"] < 1e-5
    assert page["a_step"] == pytest.approx(page["forget"], abs=1e-4)
    assert page["rnn"] < 1e-10 and page["lstm"] > 0.05
    assert page["product"] < 0.02 < 1 < page["measured"]  # the way through h


@pytest.mark.long
def test_the_forget_gate_erases_when_it_is_told(run):
    page = run("03_forget_gate.py")
    cell_state = np.asarray(page["carries"].c)[:, 0]
    np.testing.assert_allclose(cell_state, [1, 2, 3, 0, 2, 4, 4], atol=2e-3)
    np.testing.assert_allclose(page["f_t"], page["by_cell"].f[5], atol=1e-5)
    assert np.abs(page["without_past"] - page["f_t"]).max() > 0.01  # it reads h


@pytest.mark.long
def test_the_input_gate_takes_the_value_at_the_mark(run):
    page = run("04_input_gate.py")
    cell_state = np.asarray(page["carries"].c)[:, 0]
    np.testing.assert_allclose(cell_state, [0, 0, *4 * [np.tanh(0.5)]], atol=1e-3)
    np.testing.assert_allclose(page["counted"].c[:, 0], np.arange(1, 6), atol=2e-3)
    halves = 1 - 0.5 ** np.arange(1, 6)
    np.testing.assert_allclose(page["held"].c[:, 0], halves, atol=1e-4)


@pytest.mark.long
def test_the_output_gate_shows_when_it_is_asked(run):
    page = run("05_output_gate.py")
    shown = np.asarray(page["carries"].h)[:, 0]
    stored = np.tanh(np.tanh(1.5))
    np.testing.assert_allclose(shown, [0, 0, 0, 0, stored, 0, stored], atol=5e-3)
    assert np.abs(np.asarray(page["spoiled"].h)[-1, 0] - stored) > 0.1


@pytest.mark.slow
def test_a_trained_model_expects_what_the_text_says(run):
    page = run("06_one_step_by_hand.py")
    assert page["difference"] < 1e-5
    expected = [row.argsort()[::-1] for row in np.asarray(page["sentence"])]
    named = [page["vocab"].symbols[n] for n in expected[3][:3]]
    assert named == ["on", "in", "down"]
    assert page["vocab"].symbols[expected[-1][0]] == "<eos>"
    words, means = page["words"], page["means"]
    assert {words[n] for n in means["f"].argsort()[:2]} == {"<eos>", "."}
    forget, written = (
        {word: pair[n] for word, pair in page["gate_means"].items()} for n in (0, 1)
    )
    before_nouns = ("red", "white", "black", "a", "the", "his")
    assert set(list(page["ordered"])[:6]) == set(before_nouns)
    assert list(page["ordered"])[-2:] == [".", "<eos>"]
    assert sorted(written, key=written.get)[-2:] == ["sitting", "holding"]
    assert max(written["shirt"], written["water"]) < written["the"] + 0.01
    assert forget["<eos>"] < 0.3 < 0.6 < forget["red"]
    man, mixed, woman, other = page["her"][:, 0]
    assert page["follows_c"] == 70
    one, with_c, many, back = page["are"]
    assert (back < with_c).all() and (with_c < many / 2).all() and (one < back).all()
    assert 0.5 < man < woman
    assert abs(mixed - woman) < abs(man - woman) / 3  # it goes with the cell state
    assert abs(other - man) < abs(man - woman) / 3


@pytest.mark.slow
def test_a_unit_tells_code_from_prose(run):
    page = run("09_what_gates_learn_to_keep.py")
    areas, chosen = page["areas"], page["chosen"]
    assert areas['""'][0] > 0.95 > areas['""'][1] + 0.1
    assert areas["[]"][0] > 0.9 > areas["[]"][1] + 0.1
    assert abs(areas["()"][0] - areas["()"][1]) < 0.05
    assert chosen['""'] == chosen["[]"]
    opening, inside, elsewhere = page["kept"].values()
    assert opening[0] > 0.8 > 0.5 > max(inside[0], elsewhere[0])
    assert inside[1] > 0.85 > elsewhere[1]
    where = page["inside"]('a "b" "c\n\nd" e', *'""')
    assert "".join("01"[int(n)] for n in where) == "00110011100111"


@pytest.mark.slow
def test_the_loop_is_the_scan_however_it_is_cut(run):
    page = run("07_a_whole_sequence.py")
    np.testing.assert_allclose(page["ys"], page["by_hand"], atol=1e-5)
    np.testing.assert_allclose(page["joined"], page["ys"], atol=1e-5)
    assert page["next to"] < 1e-6


@pytest.mark.slow
def test_truncation_keeps_the_value_and_a_part_of_the_gradient(run):
    page = run("08_backpropagation_through_time.py")
    gradient = float(page["gradient"].w_hh[3, 1, 5])
    assert float(page["slope"]) == pytest.approx(gradient, rel=0.05)
    assert abs(page["value_whole"] - page["value_window"]) < 1e-6
    assert page["angle"] > 0.999
    assert page["windows"] == (5, 10, 20, 50, 100, 150, 200)
    one, three, five = page["by_window"].values()
    assert one[2] > 0.95 and one[3] == pytest.approx(page["angle"], abs=1e-4)
    assert max(three[:4]) < 0.2 < three[5] < 0.7 and min(one[-1], five[-1]) > 0.999
    reach = [norms[50] for norms in page["curves"].values()]
    assert reach == sorted(reach) and reach[0] < 1e-12 and reach[-1] > 0.1


@pytest.mark.slow
def test_variants_are_as_large_as_the_text_says(run):
    page = run("10_gru_and_variants.py")
    assert page["difference"] < 1e-6
    sizes = {name: size for name, (size, _) in page["table"].items()}
    assert sizes["LSTMCell"] == 4 * 64 * (64 + 16 + 1)
    assert sizes["CIFGLSTMCell"] == 0.75 * sizes["LSTMCell"]
    left = {name: norm for name, (_, norm) in page["table"].items()}
    assert left["GRUCell"] < left["LSTMCell"] and left["GRUCell"] < left["RNNCell"]
    solved = page["solved"]
    assert solved["tanh RNN"][50] == 0 and solved["GRU"][750] == 3
    assert solved["LSTM, chrono"][750] == 3 and solved["LSTM, forget bias 1"][200] == 0


@pytest.mark.long
def test_gates_are_paid_for_and_more_text_is_better(run):
    page = run("11_limits.py")
    assert page["relative"]["LSTMCell"] == 4.0
    assert page["relative"]["GRUCell"] == pytest.approx(3.0, abs=0.01)
    for (_, worst), (_, best) in page["ends"].values():
        assert best < worst
    assert len(page["reach"]) == 5
    agreement = page["agreement"]
    assert all(agreement[name][16] > 99 for name in ("tanh RNN", "GRU", "LSTM"))
    assert 50 < agreement["tanh RNN, small weights"][8] < 90
    assert len(page["ahead"]) == 7 and 7_000 < min(page["ahead"]) < 8_000
    by_size = page["by_size"]
    assert all(n < by_size["Transformer"][x] for x, n in by_size["LSTM"].items())


@pytest.mark.slow
def test_attention_pays_with_the_square(run):
    page = run("12_transformers.py")
    assert page["moved"](page["attend"]) == (30, 49)
    assert page["grows"]["Transformer"] > 5 * page["grows"]["LSTM"]
    attention, lstm = page["attention_reach"], page["lstm_reach"]
    assert attention[40] > attention[1:].max() / 20 and lstm[40] < lstm[1] / 1e3
    first, *later = page["doublings"]["Transformer"]
    assert first > 6 and all(3.5 < factor < 4.5 for factor in later)
    np.testing.assert_allclose(page["in_turns"], page["at_once"], atol=1e-5)


def test_a_carry_does_not_grow_with_the_text(run):
    assert run("13_the_notebook.py")["lstm_numbers"] == 2 * 256


@pytest.mark.parametrize("name", NAMES)
def test_links_between_pages_lead_somewhere(name):
    text = (PAGES / name).read_text("utf-8").replace("\n# ", " ")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (PAGES / link).exists(), link
