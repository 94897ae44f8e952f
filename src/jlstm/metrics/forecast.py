"""How good forecasts are: of a point, of quantiles, of samples; exact sums by step."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Integer

from jlstm._internal.extras import brought_by
from jlstm.metrics.scaled import Units, mase, relative_squared, smape

Values = Float[np.ndarray, "..."]


def pinball(targets: Values, predicted: Values, level: float | Values) -> Values:
    """Return the quantile loss of each value: ``level`` times what it is too low by.

    Above the target it is ``1 - level`` times what it is too high by. Source: Koenker
    and Bassett, 1978, "Regression quantiles".

    Raises:
        ValueError: the two have different shapes, or a level is not in (0, 1).

    Example:
        >>> pinball(np.array([1.0, 1.0]), np.array([0.0, 2.0]), 0.9).round(6).tolist()
        [0.9, 0.1]
    """
    check_alike("pinball", targets, predicted=predicted)
    check_levels("pinball", level)
    with brought_by("train"):
        import scoringrules
    return scoringrules.quantile_score(targets, predicted, level, backend="numpy")


def crps_gaussian(targets: Values, mean: Values, std: Values) -> Values:
    """Return the continuous ranked probability score of normal distributions.

    Source: Gneiting and Raftery, 2007, "Strictly proper scoring rules", section 4.2.

    Raises:
        ValueError: shapes differ, or a standard deviation is not positive.

    Example:
        >>> crps_gaussian(np.zeros(1), np.zeros(1), np.ones(1)).round(4).tolist()
        [0.2337]
    """
    check_alike("crps_gaussian", targets, mean=mean, std=std)
    if np.any(np.asarray(std) <= 0):
        raise ValueError(
            f"crps_gaussian: std goes down to {np.min(std)}; give positive numbers."
        )
    with brought_by("train"):
        import scoringrules
    return scoringrules.crps_normal(targets, mean, std, backend="numpy")


def crps_samples(targets: Values, samples: Float[np.ndarray, "n ..."]) -> Values:
    """Return the score of the distribution that has the samples and nothing else.

    It is the mean distance to the target less half the mean distance of two samples.

    Raises:
        ValueError: there is no sample, or they are not of the shape of the targets.

    Example:
        >>> crps_samples(np.zeros(1), np.array([[-1.0], [1.0]])).tolist()
        [0.5]
    """
    if not len(samples):
        raise ValueError("crps_samples: there is no sample; give one at least.")
    levels = sample_levels(len(samples))
    return crps_quantiles(targets, np.sort(samples, axis=0), levels)


def crps_quantiles(
    targets: Values, quantiles: Float[np.ndarray, "q ..."], levels: Sequence[float]
) -> Values:
    """Return the score as twice the quantile loss, integrated over the levels.

    Each level stands for those that are nearest to it. For sorted samples at
    :func:`sample_levels` this is their exact score; for few levels it approximates.

    Raises:
        ValueError: there is not one quantile of each target for each level, or the
            levels do not rise within (0, 1).

    Example:
        >>> crps_quantiles(np.zeros(1), np.ones((1, 1)), (0.5,)).tolist()
        [1.0]
    """
    check_levels("crps_quantiles", levels)
    wanted = (len(levels), *np.shape(targets))
    if np.shape(quantiles) != wanted:
        raise ValueError(
            f"crps_quantiles: quantiles have shape {np.shape(quantiles)}; for "
            f"{len(levels)} levels of targets {np.shape(targets)} give {wanted}."
        )
    parts = zip(quantiles, levels, level_widths(levels), strict=True)
    losses = [w * pinball(targets, values, level) for values, level, w in parts]
    return 2 * np.sum(losses, axis=0)


def sample_levels(count: int) -> tuple[float, ...]:
    """Return the levels that ``count`` sorted samples are the quantiles of.

    Example:
        >>> sample_levels(4)
        (0.125, 0.375, 0.625, 0.875)
    """
    return tuple(((np.arange(count) + 0.5) / count).tolist())


def level_widths(levels: Sequence[float]) -> Float[np.ndarray, " q"]:
    """Return how much of (0, 1) is nearest to each of some rising levels.

    Example:
        >>> level_widths((0.1, 0.5, 0.9)).round(6).tolist()
        [0.3, 0.4, 0.3]
    """
    middles = (np.array(levels[1:]) + np.array(levels[:-1])) / 2
    return np.diff(np.concatenate([[0.0], middles, [1.0]]))


def at_level(
    quantiles: Float[np.ndarray, "q ..."], levels: Sequence[float], level: float
) -> Values:
    """Return one quantile, on the straight line between the two nearest levels.

    Raises:
        ValueError: there is not one quantile for each level, or a level is no share.

    Example:
        >>> at_level(np.array([[0.0], [4.0]]), (0.25, 0.75), 0.5).tolist()
        [2.0]
    """
    check_levels("at_level", levels)
    check_levels("at_level", level)
    if len(quantiles) != len(levels):
        raise ValueError(
            f"at_level: {len(quantiles)} quantiles came for {len(levels)} levels; give "
            "one for each."
        )
    place = float(np.interp(level, levels, np.arange(len(levels))))
    below = int(place)
    above = min(below + 1, len(levels) - 1)
    share = place - below
    return (1 - share) * quantiles[below] + share * quantiles[above]


def check_alike(task: str, targets: Values, **others: Values) -> None:
    """Require the shape of the targets, or one number: (n,) and (n, 1) make (n, n)."""
    for name, values in others.items():
        if np.shape(values) not in (np.shape(targets), ()):
            raise ValueError(
                f"{task}: {name} has shape {np.shape(values)} and the targets have "
                f"{np.shape(targets)}; give one number for each target."
            )


def check_levels(task: str, levels: float | Values | Sequence[float]) -> None:
    """Require levels between 0 and 1; of several on one axis, that they rise."""
    values = np.asarray(levels, np.float64)
    within = values.size > 0 and bool(np.all((values > 0) & (values < 1)))
    rises = values.ndim != 1 or bool(np.all(np.diff(values) > 0))
    if not within or (isinstance(levels, tuple | list) and not rises):
        raise ValueError(
            f"{task}: level is {levels!r}; give shares between 0 and 1, of several the "
            "smallest first."
        )


@dataclass
class ForecastTally:
    """Sums over all windows and columns, a number for each step of the horizon.

    The point forecast is the median. What has one level only has no interval, and its
    CRPS is its absolute error. Where a target or a quantile is NaN, so is every score
    that it enters. ``rse`` is 1 for who knows but the mean of each column. With units
    there are ``mase`` and ``smape``, the latter of values in their own units.

    Raises:
        ValueError: the levels do not rise within (0, 1), or ``interval`` is no share.

    Attributes:
        levels: of the quantiles that are added.
        interval: share that the central interval is meant to hold.
        units: of the columns.

    Example:
        >>> tally = ForecastTally((0.5,))
        >>> tally.add(np.array([[[1.0], [3.0]]]), np.array([[[[1.0], [1.0]]]]))
        >>> tally.means()["mse"], tally.by_step()["mae"].tolist()
        (2.0, [0.0, 2.0])
    """

    levels: tuple[float, ...]
    interval: float = 0.9
    units: Units | None = None
    _sums: dict[str, Float[np.ndarray, " k"]] = field(default_factory=dict, init=False)
    _moments: Float[np.ndarray, "m k p"] | None = field(default=None, init=False)
    _count: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        check_levels("ForecastTally", self.levels)
        if not 0 < self.interval < 1:
            raise ValueError(
                f"ForecastTally: interval is {self.interval}; give a share in (0, 1)."
            )

    def add(
        self,
        targets: Float[np.ndarray, "b k p"],
        quantiles: Float[np.ndarray, "q b k p"],
        rows: Integer[np.ndarray, " b"] | None = None,
    ) -> None:
        """Add the forecasts of some windows.

        Args:
            targets: what came.
            quantiles: of the forecasts.
            rows: where each window begins; only units that differ by the row need it.

        Raises:
            ValueError: the two are not of the same windows, steps and columns.
        """
        if quantiles.shape != (len(self.levels), *targets.shape):
            raise ValueError(
                f"quantiles have shape {quantiles.shape}, {len(self.levels)} levels of "
                f"targets {(len(self.levels), *targets.shape)}: predict every window."
            )
        for name, values in self._scores(targets, quantiles, rows).items():
            own = values.sum(axis=(0, 2), dtype=np.float64)
            self._sums[name] = self._sums.get(name, 0.0) + own
        wrong = targets - at_level(quantiles, self.levels, 0.5)
        moments = np.array(
            [
                part.sum(axis=0, dtype=np.float64)
                for part in (wrong**2, targets, targets**2)
            ]
        )
        self._moments = moments if self._moments is None else self._moments + moments
        self._count += targets.shape[0] * targets.shape[2]

    def by_step(self) -> dict[str, Float[np.ndarray, " k"]]:
        """Return the mean of each score at each step.

        Raises:
            ValueError: no window was added.
        """
        if not self._count:
            raise ValueError("ForecastTally: no window was added; there is no mean.")
        means = {name: sums / self._count for name, sums in self._sums.items()}
        windows = self._count // self._moments.shape[-1]
        return means | {"rse": relative_squared(*self._moments, windows)}

    def means(self) -> dict[str, float]:
        """Return the mean of each score over all steps."""
        means = {name: float(values.mean()) for name, values in self.by_step().items()}
        steps, columns = self._moments.shape[1:]
        values = self._count // columns * steps
        whole = relative_squared(*self._moments.sum(axis=1), values)
        return means | {"rse": float(whole)}

    def _scores(
        self,
        targets: Values,
        quantiles: Values,
        rows: Integer[np.ndarray, " b"] | None,
    ) -> dict[str, Values]:
        point = at_level(quantiles, self.levels, 0.5)
        wrong = targets - point
        scores = {"mse": wrong**2, "mae": np.abs(wrong)}
        if self.units is not None:
            units = self.units.at(rows)
            own = (units.restored(values) for values in (targets, point))
            scores["smape"] = smape(*own)
            scores["mase"] = mase(targets, point, self.units.naive)
        if len(self.levels) == 1:
            return scores
        edge = (1 - self.interval) / 2
        low = at_level(quantiles, self.levels, edge)
        high = at_level(quantiles, self.levels, 1 - edge)
        known = ~np.isnan(targets + low + high)  # no comparison holds for NaN
        inside = np.where(known, (low <= targets) & (targets <= high), np.nan)
        crps = crps_quantiles(targets, quantiles, self.levels)
        return scores | {"crps": crps, "coverage": inside, "width": high - low}
