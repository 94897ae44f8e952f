"""The recipes say what their papers say, and an ablation takes one part away."""

import dataclasses
import itertools

import pytest

from experiments.language import cache
from experiments.language.load import load_run
from jlstm.cli.compose import compose_run
from jlstm.cli.config_files import options
from jlstm.nnx.transformer import TransformerConfig
from jlstm.tasks import find_task
from jlstm.training.config.schema import build, plain

WHOLE = "nothing"


def composed(name, *overrides):
    mapping = compose_run([f"experiment={name}", *overrides])
    return build(find_task(mapping["task"]).Config, mapping)


def flat(tree, where=""):
    if not isinstance(tree, dict):
        return {where: tree}
    found = [flat(value, f"{where}.{key}") for key, value in tree.items()]
    return {key: value for each in found for key, value in each.items()}


@pytest.mark.parametrize("name", sorted(set(options("ablation")) - {WHOLE}))
def test_an_ablation_changes_one_part(name):
    whole = flat(plain(composed("awd_ablation")))
    less = flat(plain(composed("awd_ablation", f"ablation={name}")))
    changed = {key.split(".")[-1] for key in whole if whole[key] != less[key]}
    assert (
        changed
        == {
            "no_averaging": {"average", "name", "factor"},
            "one_window": {"window_deviation"},
            "no_embedding_dropout": {"embedding"},
            "no_weight_decay": {"weight_decay"},
            "no_activation_penalties": {"activation_penalty", "temporal_penalty"},
            "full_embedding": {"hidden_sizes", "embedding_size"},
            "no_weight_drop": {"weight"},
        }[name]
    )


def test_there_are_eight_rows():
    assert len(options("ablation")) == 8


@pytest.mark.long
def test_zarembas_larger_models():
    medium, large = composed("ptb_zaremba_medium"), composed("ptb_zaremba_large")
    assert medium.model.stack.hidden_sizes == (650, 650)
    assert large.model.stack.hidden_sizes == (1500, 1500)
    assert [c.stream.window for c in (medium, large)] == [35, 35]
    assert [c.model.stack.init_scale for c in (medium, large)] == [0.05, 0.04]
    assert [c.model.dropout.hidden for c in (medium, large)] == [0.5, 0.65]
    assert [c.schedule.hold_epochs for c in (medium, large)] == [6, 14]
    assert medium.schedule.factor == pytest.approx(1 / 1.2)
    assert large.schedule.factor == pytest.approx(1 / 1.15)
    assert [c.optimizer.clip for c in (medium, large)] == [5.0, 10.0]
    assert [c.train.epochs for c in (medium, large)] == [39, 55]


@pytest.mark.long
def test_sizes_are_those_of_the_papers():
    found = {}
    for name in ("ptb_awd", "ptb_lamb_10m", "ptb_zaremba_medium", "ptb_zaremba_large"):
        model, v = composed(name).model, 10_000
        sizes = (model.embedding_size, *model.stack.hidden_sizes)
        gates = 3 if model.stack.cell == "CIFGLSTMCell" else 4
        count = sum(gates * h * (x + h + 1) for x, h in itertools.pairwise(sizes))
        count += v * model.embedding_size + v
        count += 0 if model.tied else v * model.features
        count += model.stack.hidden_sizes[-1] * model.features if model.projected else 0
        found[name] = round(count / 1e6, 1)
    assert found["ptb_awd"] == 24.2
    assert found["ptb_zaremba_medium"] == 19.8 and found["ptb_zaremba_large"] == 66.0
    assert 8 < found["ptb_lamb_10m"] < 10.5


def test_learned_positions_reach_over_every_window():
    config = composed("char_transformer_smoke")
    layers = TransformerConfig(2, 64, positions="learned", max_length=32)
    short = dataclasses.replace(
        config, model=dataclasses.replace(config.model, layers=layers)
    )
    with pytest.raises(
        ValueError, match=r"max_length is 32, but one of .* is 64; raise"
    ):
        find_task("transformer").from_config(short)


def test_only_a_finished_run_is_scored_again(tmp_path):
    with pytest.raises(ValueError, match="is not the folder of a run"):
        load_run(tmp_path)
    (tmp_path / "config.yaml").write_text("train: {epochs: 1}\n")
    with pytest.raises(ValueError, match=r"has no result\.json: give the folder"):
        load_run(tmp_path)


def test_scores_stand_in_a_table():
    scores = [{"name": "LSTM", "losses": [0.0, 1.0]}]
    words, characters = (cache.score_table(scores, n) for n in ("word", "char"))
    assert (
        words.splitlines()[0] == "| evaluation | valid perplexity | test perplexity |"
    )
    assert words.splitlines()[-1].split("|")[2:4] == [f"{1:>17.3f} ", f"{2.718:>16} "]
    assert characters.splitlines()[-1].split()[3:6:2] == ["0.000", "1.000"]
    alone = cache.score_table([{"name": "LSTM", "losses": [0.0]}], "word")
    assert "test" not in alone
