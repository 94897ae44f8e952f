"""The scripts on limits: points are kept, cut as they say, and of equal size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from experiments.limits import data_hunger, sequential, very_long
from experiments.limits.rows import Rows
from jlstm.analysis.plots.points import plot_points
from jlstm.data import Corpus, TokenStream, Vocab
from jlstm.tasks.language.model import LanguageConfig
from jlstm.tasks.language.objective import StreamConfig
from jlstm.training.baselines import witten_bell_nll
from jlstm.training.config.stack import StackConfig

TEXT = "".join(f"{n} squared is {n * n}\n" for n in range(60))
VOCAB = Vocab.from_text(TEXT, "char")
IDS = VOCAB.encode(TEXT)
CORPUS = Corpus("toy", IDS[:600], IDS[600:], None, VOCAB)


def test_points_are_kept_for_a_setting(tmp_path):
    path, points = tmp_path / "a" / "rows.jsonl", [("A", 1), ("B", 1), ("A", 2)]
    rows = Rows(path, {"updates": 5, "sizes": (1, 2)})
    assert rows.missing(points) == points
    rows.add("A", 1, {"ms": 2.5})
    rows.add("B", 1, {"ms": None, "refused": "9 GB"})
    Rows(path, {"updates": 6}).add("A", 2, {"ms": 7.0})
    again = Rows(path, {"updates": 5, "sizes": (1, 2)})
    assert again.missing(points) == [("A", 2)]
    assert again.curves(["A", "B"], "ms") == {"A": [(1, 2.5)], "B": []}
    assert again.table(["A", "B"], "ms", "T", "refused").splitlines()[-1] == (
        "| 1 | 2.5 | 9 GB |"
    )


def test_a_plot_has_a_line_a_name_in_the_order_of_x():
    curves = {"A": [(4, 2.0), (1, 3.0)], "none": [], "B": [(2, 1.0)]}
    figure = plot_points(
        curves, x_label="x", y_label="y", baseline=("baseline", 0.5), highest=2.5
    )
    assert figure.axes[0].get_ylim()[1] == 2.5
    lines = figure.axes[0].lines
    assert [line.get_label() for line in lines] == ["A", "B", "baseline"]
    assert lines[0].get_xydata().tolist() == [[1, 3], [4, 2]]
    assert len({line.get_marker() for line in lines}) == 3
    with pytest.raises(ValueError, match="there is no point to draw"):
        plot_points({"A": []}, x_label="x", y_label="y")


def test_the_text_is_cut_from_its_start_and_held_out_in_two_halves():
    part = data_hunger.cut(CORPUS, 0.25, 40)
    assert np.array_equal(part.train, IDS[:150])
    assert np.array_equal(part.valid, IDS[600:640])
    assert np.array_equal(part.test, IDS[640:680])
    counted = data_hunger.count(part)
    scores = {
        n: witten_bell_nll(part.train, part.valid, n, len(VOCAB)) for n in range(1, 7)
    }
    assert scores[counted["order"]] == min(scores.values())
    order = counted["order"]
    assert counted["nats"] == witten_bell_nll(part.train, part.test, order, len(VOCAB))


def test_rounds_go_on_where_the_last_one_ended():
    stream = TokenStream(IDS[:46], 2, 5)
    rounds = data_hunger.Rounds(stream, start=4, size=3)
    wanted = [4, 0, 1]  # of five windows
    for turn, n in zip(rounds, wanted, strict=True):
        np.testing.assert_array_equal(turn.window.inputs, stream[n].inputs)
        assert turn.fresh is (n == 0)


@pytest.mark.long
@pytest.mark.usefixtures("plain_keys")
def test_a_pass_over_the_text_begins_with_a_zero_carry():
    config = LanguageConfig(StackConfig(hidden_sizes=(4,)), embedding_size=None)
    task = data_hunger.RoundsTask(CORPUS, config, StreamConfig(2, 5), {}, updates=3)
    turn, key = task.batches(1)[0], jax.random.key(0)
    model = jax.jit(lambda: config.make(len(VOCAB), nnx.Rngs(0)))()
    carry = jax.tree.map(jnp.ones_like, task.init_carry())
    loss = jax.jit(lambda carry, turn: task.loss(model, carry, turn, key)[0])
    zero = loss(task.init_carry(), turn._replace(fresh=False))
    assert turn.fresh and loss(carry, turn) == zero
    assert loss(carry, turn._replace(fresh=False)) != zero
    assert task.count(turn) == 10


@pytest.mark.usefixtures("plain_keys")
@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_a_stream_that_starts_afresh_forgets(chance):
    config = LanguageConfig(StackConfig(hidden_sizes=(4,)), embedding_size=None)
    task = very_long.FreshTask(CORPUS, config, StreamConfig(2, 5), {}, chance=chance)
    window, key = task.batches(1)[0], jax.random.key(0)
    model = jax.jit(lambda: config.make(len(VOCAB), nnx.Rngs(0)))()
    full = jax.tree.map(jnp.ones_like, task.init_carry())
    loss = jax.jit(lambda carry, window: task.loss(model, carry, window, key)[0])
    same = loss(full, window) == loss(task.init_carry(), window)
    assert same == (chance == 1)


def test_a_short_text_is_not_read_for_ever():
    budget = data_hunger.Budget(rounds=10, updates=1000, passes=20)
    assert budget.updates_of(10_000_000) == 100
    assert budget.updates_of(32 * 64 * 5) == 10
    assert budget.updates_of(32 * 64 // 20) == 1


@pytest.mark.parametrize(
    "configs",
    [
        list(data_hunger.MODELS.values()),
        [contender.model for contender in very_long.CONTENDERS.values()],
    ],
)
def test_models_that_are_compared_are_of_about_the_same_size(configs):
    sizes = []
    for config in configs:
        made = jax.eval_shape(lambda config=config: config.make(65, nnx.Rngs(0)))
        sizes.append(sum(leaf.size for leaf in jax.tree.leaves(made)))
    assert max(sizes) < 1.1 * min(sizes)


def test_the_same_characters_are_predicted_after_every_history(monkeypatch):
    monkeypatch.setattr(very_long, "LENGTHS", (1, 6))
    budget = very_long.Budget(places=5, predicted=3)
    config = LanguageConfig(StackConfig(hidden_sizes=(4,)), embedding_size=None)
    model = jax.jit(lambda: config.make(len(VOCAB), nnx.Rngs(0)))()
    nats, places = 0.0, very_long.places_of(len(IDS), budget)
    assert places[0] == 6 and places[-1] == len(IDS) - 3
    read = jax.jit(lambda tokens: jax.nn.log_softmax(model(tokens)[1]))
    for place in places:
        tokens = IDS[place - 6 : place + 3].astype(np.int32)
        table = np.asarray(read(tokens[:-1]))[-3:]
        nats -= np.take_along_axis(table, tokens[-3:, None], 1).sum()
    found = very_long.score(model, IDS, 6, budget)
    assert found == pytest.approx(nats / 15, rel=1e-5)


def test_what_holds_too_much_is_not_run(monkeypatch):
    def loss(params, xs):
        return (params * xs).sum()

    monkeypatch.setattr(sequential, "MEMORY", 1e5)
    params = np.ones(sequential.WIDTH, np.float32)[None, None]
    small = sequential.measure(params, loss, 8, 0.0)
    large = sequential.measure(params, loss, 512, 0.0)
    assert small["ms"] > 0 and small["bytes"] < 1e5
    assert large == {"ms": None, "bytes": large["bytes"], "refused": "0.0 GB"}
    assert large["bytes"] > 512 * sequential.WIDTH * 4
