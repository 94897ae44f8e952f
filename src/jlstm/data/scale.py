"""Scales of the columns of a series: one for all rows, or one for each series."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float64, Integer

from jlstm.data.series import Series

Scale = Literal["column", "series", "none"]


class Scaler(NamedTuple):
    """Mean and standard deviation of each column, those of the training part.

    They are the same for all rows, or those of each row.
    """

    mean: Float64[np.ndarray, "*t c"]
    std: Float64[np.ndarray, "*t c"]

    @classmethod
    def fit(cls, values: Float64[np.ndarray, "t c"]) -> "Scaler":
        """Measure columns; one that never changes keeps its scale.

        Raises:
            ValueError: squares of the numbers are too large, or too small, for float64.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            std = values.std(0)
        lost = ~np.isfinite(std) | ((std == 0) & (np.ptp(values, 0) > 0))
        if lost.any():
            n = int(lost.argmax())
            raise ValueError(
                f"Column {n} (from 0) has values from {values[:, n].min():g} to "
                f"{values[:, n].max():g}, which cannot be scaled: give them in another "
                "unit."
            )
        return cls(values.mean(0), np.where(np.ptp(values, 0) > 0, std, 1.0))

    def scale(self, values: Float64[np.ndarray, "*b c"]) -> Float64[np.ndarray, "*b c"]:
        """Return z-scores."""
        return (values - self.mean) / self.std

    def unscale(
        self, values: Float64[np.ndarray, "*b c"]
    ) -> Float64[np.ndarray, "*b c"]:
        """Return values in their own units again."""
        return values * self.std + self.mean

    def at(
        self, rows: Integer[np.ndarray, " n"], columns: Sequence[int]
    ) -> tuple[Float64[np.ndarray, "*n p"], Float64[np.ndarray, "*n p"]]:
        """Return what windows from some rows on are scaled by: means and deviations.

        They are of shape ``p``, or ``n 1 p`` where rows differ.
        """
        return at_rows(self.mean, rows)[..., columns], at_rows(self.std, rows)[
            ..., columns
        ]

    def rows(self, series: Series) -> "Scaler":
        """Return the scale of the rows of a series: the same for all."""
        return self


class SeriesScaler(NamedTuple):
    """Mean and standard deviation of each column of each series, by their names.

    Attributes:
        names: of the series that were trained on.
        means: of their training parts.
        stds: of their training parts.
        whole: those of all series together; columns of the future are scaled by it, for
            a flag such as a holiday means the same in every series.
        shared: the places of these columns.
    """

    names: tuple[str, ...]
    means: Float64[np.ndarray, "s c"]
    stds: Float64[np.ndarray, "s c"]
    whole: Scaler
    shared: tuple[int, ...] = ()

    @classmethod
    def fit(
        cls,
        parts: dict[str, Float64[np.ndarray, "_ c"]],
        whole: Scaler,
        shared: tuple[int, ...] = (),
    ) -> "SeriesScaler":
        """Measure each series; one without training rows is as one that is new.

        Example:
            >>> parts = {"a": np.array([[1.0], [3.0]]), "b": np.array([[7.0]])}
            >>> own = SeriesScaler.fit(parts, Scaler.fit(np.array([[1.0], [7.0]])))
            >>> own.means.ravel(), own.stds.ravel()
            (array([2., 7.]), array([1., 1.]))
        """
        known = {name: Scaler.fit(own) for name, own in parts.items() if len(own)}
        means = np.stack([own.mean for own in known.values()])
        stds = np.stack([own.std for own in known.values()])
        return cls(tuple(known), means, stds, whole, shared)

    def new(self, series: Series) -> list[str]:
        """Return the names of the series that were not trained on."""
        return [span.name for span in series.parts if span.name not in self.names]

    def rows(self, series: Series) -> Scaler:
        """Return the scale of each row: that of its series in training.

        A series that was not trained on has the scale of its own known rows.
        """
        mean, std = np.empty_like(series.values), np.empty_like(series.values)
        for span in series.parts:
            own = self._of(span.name, series.values[span.start : span.end])
            mean[span.start : span.stop] = own.mean
            std[span.start : span.stop] = own.std
        places = list(self.shared)
        mean[:, places] = self.whole.mean[places]
        std[:, places] = self.whole.std[places]
        return Scaler(mean, std)

    def _of(self, name: str, values: Float64[np.ndarray, "t c"]) -> Scaler:
        if name not in self.names:
            return Scaler.fit(values)
        place = self.names.index(name)
        return Scaler(self.means[place], self.stds[place])


AnyScaler: TypeAlias = Scaler | SeriesScaler


def at_rows(
    values: Float64[np.ndarray, "*t p"], rows: Integer[np.ndarray, " n"]
) -> Float64[np.ndarray, "*n p"]:
    """Return what is the same for all rows, or the rows ``n 1 p``."""
    return values if values.ndim == 1 else values[rows][:, None]
