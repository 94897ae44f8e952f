"""Score a finished run again, with a cache and with dynamic evaluation.

    python experiments/language/cache.py RUN_FOLDER [--quick]

The weights are those that the run was scored with, and every part is read as one
stream. Settings are chosen on the beginning of the validation part; all of it and the
test part are scored with them. The table goes to ``adapted.md`` in the run's folder,
the numbers to ``adapted.json``.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Started as a script, this file is in no package, and its folder stands in the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from experiments.language.load import load_run
from jlstm.data import TokenStream
from jlstm.nnx.tokens import TokenModel
from jlstm.tasks.language.dynamic import Rule, dynamic_nll, gradient_scale
from jlstm.tasks.language.experiment import LanguageExperiment
from jlstm.tasks.language.neural_cache import cache_nll
from jlstm.tasks.language.objective import stream_nll
from jlstm.tasks.language.show import perplexity
from jlstm.training.report.table import table
from jlstm.training.run import write_json

SHARPNESS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
WEIGHTS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
DECAYS = (0.0, 0.01)
RATES = {"SGD": (0.1, 0.3, 1.0, 3.0), "RMS": (3e-4, 1e-3, 3e-3)}
STRETCH = {"word": 5, "char": 20}
READ = 128
"""Steps in a window where nothing is learned from it."""

Score = dict[str, Any]
Part = np.ndarray


def score_cache(
    model: TokenModel, tune: Part, parts: Sequence[Part], size: int
) -> Score:
    """Choose sharpness and weight on ``tune`` and score the parts."""
    grid = cache_nll(model, TokenStream(tune, 1, READ), size, SHARPNESS, WEIGHTS)
    k, w = np.unravel_index(np.argmin(grid), grid.shape)
    theta, weight = SHARPNESS[k], WEIGHTS[w]
    losses = [
        float(
            cache_nll(model, TokenStream(part, 1, READ), size, (theta,), (weight,))[
                0, 0
            ]
        )
        for part in parts
    ]
    return {"name": f"cache of {size}, θ {theta:g}, λ {weight:g}", "losses": losses}


def score_dynamic(
    model: TokenModel,
    form: str,
    tune: Part,
    parts: Sequence[Part],
    made: LanguageExperiment,
) -> Score:
    """Choose rate and decay on ``tune`` and score the parts."""
    window = STRETCH[made.data.prep.vocab.level]
    scale = None
    if form == "RMS":
        training = TokenStream(made.data.train, 20, window)
        scale = gradient_scale(model, training, windows=1000)

    def score(part: Part, rule: Rule) -> float:
        return dynamic_nll(model, TokenStream(part, 1, window), rule, scale)

    rules = [Rule(rate, decay) for decay in DECAYS for rate in RATES[form]]
    best = min(rules, key=lambda rule: _finite(score(tune, rule)))
    name = f"dynamic evaluation, {form}, η {best.rate:g}, λ {best.decay:g}"
    return {"name": name, "losses": [score(part, best) for part in parts]}


def _finite(loss: float) -> float:
    return loss if np.isfinite(loss) else np.inf


def score_all(
    model: TokenModel,
    made: LanguageExperiment,
    tokens: int | None,
    tune: int,
    size: int,
) -> list[Score]:
    """Score a model as it is, with a cache, and learning as it goes."""
    held_out = [part for name, part in made.data.parts.items() if name != "train"]
    parts = [part[:tokens] for part in held_out]
    few = parts[0][:tune]
    alone = [stream_nll(model, TokenStream(part, 1, READ)) for part in parts]
    steps: list[Callable[[], Score]] = [
        lambda: {"name": made.config.model.title, "losses": alone},
        lambda: score_cache(model, few, parts, size),
        lambda: score_dynamic(model, "SGD", few, parts, made),
        lambda: score_dynamic(model, "RMS", few, parts, made),
    ]
    scores = []
    for step in steps:
        scores.append(step())
        print(
            score_table(scores, made.data.prep.vocab.level).splitlines()[-1], flush=True
        )
    return scores


def score_table(scores: Sequence[Score], level: str) -> str:
    """Return the scores side by side: perplexities of words, nats of characters."""
    unit = "perplexity" if level == "word" else "nats/char"
    names = ("valid", "test")[: len(scores[0]["losses"])]
    form = perplexity if level == "word" else float
    rows = [[each["name"], *map(form, each["losses"])] for each in scores]
    return table(["evaluation", *(f"{name} {unit}" for name in names)], rows)


def main() -> None:
    """Score the run that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=500, help="steps in the cache")
    parser.add_argument("--tune", type=int, default=10_000, help="tokens to choose on")
    parser.add_argument(
        "--quick", action="store_true", help="2 000 tokens of each part"
    )
    options = parser.parse_args()
    try:
        model, made = load_run(options.folder)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    tokens = 2000 if options.quick else None
    scores = score_all(model, made, tokens, options.tune, options.size)
    text = score_table(scores, made.data.prep.vocab.level)
    print(f"\n{text}")
    if not options.quick:
        write_json(options.folder / "adapted.json", scores)
        (options.folder / "adapted.md").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
