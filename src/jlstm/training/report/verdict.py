"""What a run comes to, in one sentence: which baseline it beats, or loses to."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jlstm.training.select import Better

MOST = 10
"""How often its baseline a distance may be, to be told as a share of it."""


class Verdict(NamedTuple):
    """What a run comes to.

    Attributes:
        text: one sentence.
        wins: whether that is what one hopes for; None where there is nothing to
            compare with.
    """

    text: str
    wins: bool | None = None

    @property
    def kind(self) -> str:
        """How a page shows it."""
        return {True: "win", False: "loss", None: "open"}[self.wins]


def compared(
    metric: str,
    ours: Any,
    baselines: Mapping[str, float],
    better: Better,
    *,
    share: bool = False,
) -> Verdict:
    """Return a number of a run next to the best of its baselines.

    Args:
        metric: what was measured, such as "test accuracy".
        ours: of the model; of several seeds, their numbers or their mean.
        baselines: of simpler methods, by name.
        better: whether lower or higher numbers are.
        share: whether they are shares, which are told in percent.

    Example:
        >>> bayes = {"naive Bayes": 0.823, "most frequent class": 0.5}
        >>> found = compared("test accuracy", 0.838, bayes, "higher", share=True)
        >>> print(found.text, found.wins)
        Beats naive Bayes: test accuracy 83.8 % against 82.3 %, by 1.5 points. True
        >>> print(compared("test perplexity", 120.0, {"5-grams": 100.0}, "lower").text)
        Loses to 5-grams: test perplexity 120.0 against 100.0, by 20.0 %.
        >>> print(compared("test loss", 0.0001, {"a line": 0.0004}, "lower").text)
        Beats a line: test loss 0.0001 against 0.0004, by 75.0 %.
        >>> print(compared("test loss", 0.5, {"last year": 1e-12}, "lower").text)
        Loses to last year: test loss 0.500 against 1e-12, by 0.500.
        >>> print(compared("test loss", 1.5, {}, "lower").text)
        Test loss 1.500; there is no baseline to compare with.
    """
    value = float(np.mean(ours))
    if not math.isfinite(value):
        return Verdict(f"{_begun(metric)} is {value}: no baseline is beaten.", False)
    said = f"{metric} {_shown(value, share)}"
    known = {name: one for name, one in baselines.items() if math.isfinite(one)}
    if not known:
        return Verdict(f"{_begun(said)}; there is no baseline to compare with.")
    name = (min if better == "lower" else max)(known, key=known.__getitem__)
    other = known[name]
    if _shown(value, share) == _shown(other, share):
        return Verdict(f"As good as {name}, the best baseline: {said}.", wins=False)
    wins = value < other if better == "lower" else value > other
    apart = f"against {_shown(other, share)}, by {_distance(value, other, share)}"
    return Verdict(f"{'Beats' if wins else 'Loses to'} {name}: {said} {apart}.", wins)


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shown(value: float, share: bool) -> str:
    if share:
        return f"{100 * value:.1f} %"
    if value and abs(value) < 0.01:
        return f"{value:.3g}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"


def _distance(value: float, other: float, share: bool) -> str:
    apart = abs(value - other)
    if share:
        return f"{100 * apart:.1f} points"
    if apart > MOST * abs(other):
        return _shown(apart, share)
    return f"{100 * apart / abs(other):.1f} %"
