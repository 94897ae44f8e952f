"""From the keys of a schedule to a function of the update, checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jlstm._internal.options import (
    Count,
    GivenOptions,
    Limit,
    OptionMap,
    Options,
    Share,
)
from jlstm.training.config.by_name import (
    OWN_RULES,
    SCHEDULES,
    ScheduleByName,
    check_options,
    options_of,
)

ScheduleName: TypeAlias = Annotated[str, ScheduleByName]
Length: TypeAlias = Annotated[
    int | float,
    Limit(
        "a number of updates, 0 or more, or a share of the run between 0 and 1",
        lambda n: n >= 0 and (isinstance(n, int) or n <= 1),
    ),
]
Factor: TypeAlias = Callable[[Any], Any]
"""From the number of updates made to what the learning rate is multiplied by."""

FROM = {"init_value": 1.0, "peak_value": 1.0, "end_value": 0.0}
LASTING = ("decay_steps", "transition_steps")
LENGTHS = (*LASTING, "warmup_steps", "transition_begin")
CUTS = "boundaries_and_scales"
ANY_RUN = 1000


@dataclass(frozen=True)
class ScheduleConfig(Options):
    """How the learning rate changes, from epoch to epoch or from update to update.

    A length is a number of updates, or, with a point, a share: of the run, and after a
    warm-up of what is left of it. ``0.1`` is a tenth of it, ``1.0`` all.

    Attributes:
        name: ``"constant"``; ``"step"`` multiplies by ``factor`` after every epoch from
            epoch ``hold_epochs`` on; ``"plateau"`` does when validation has not
            improved; ``"cosine"`` falls to 0 with the run; or any schedule of optax by
            its name, whose values are multiples of the learning rate.
        hold_epochs: epochs at the full rate, for ``"step"``.
        factor: what the rate is multiplied by.
        patience: epochs without a better validation that ``"plateau"`` lets pass.
        warmup: length of a straight rise to the full rate before all that.
        options: of a schedule of optax, the arguments of its function, such as
            ``{alpha: 0.1}`` or ``{decay_steps: 5000}``. It starts from 1 and lasts to
            the end of the run unless they say something else.
    """

    name: ScheduleName = "constant"
    hold_epochs: Count = 0
    factor: Share = 0.5
    patience: Count = 0
    warmup: Length = 0
    options: GivenOptions = OptionMap()

    def __post_init__(self) -> None:
        check_schedule(self)

    @property
    def spans_run(self) -> bool:
        """Whether a rate depends on how many updates the run has in all."""
        return spans_run(self)


def make_factor(config: ScheduleConfig, updates: int) -> Factor | None:
    """Return what the rate is multiplied by at each update, None for always 1.

    Args:
        config: the schedule.
        updates: how many the run has in all.

    Example:
        >>> factor = make_factor(ScheduleConfig("cosine", warmup=2), updates=10)
        >>> [round(float(factor(n)), 2) for n in (0, 1, 2, 6, 10)]
        [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    warmup = _updates(config.warmup, updates)
    after = _after(config, max(updates - warmup, 1))
    if not warmup:
        return after
    full = after or optax.constant_schedule(1.0)
    return _promoted(optax.join_schedules([lambda n: (n + 1) / warmup, full], [warmup]))


def spans_run(config: ScheduleConfig) -> bool:
    """Whether a length of a schedule is a share of the run."""
    if _is_share(config.warmup):
        return True
    if config.name in OWN_RULES:
        return False
    known = options_of(SCHEDULES[config.name])
    lengths = [config.options.get(name, 1.0) for name in LASTING if name in known]
    lengths += [config.options[name] for name in LENGTHS if name in config.options]
    lengths += [cut for cut, _ in config.options.get(CUTS) or ()]
    return any(map(_is_share, lengths))


def check_schedule(config: ScheduleConfig) -> None:
    """Raise ValueError for options that the schedule does not have or refuses."""
    if config.name in OWN_RULES:
        check_options(config.name, config.options, {}, {})
        return
    known = options_of(SCHEDULES[config.name])
    preset = {name: True for name in (*FROM, *LASTING)}
    check_options(config.name, config.options, known | _both(preset, known), {})
    try:
        value = np.asarray(make_factor(config, ANY_RUN)(jnp.int32(1)))
    except Exception as error:  # whatever optax makes of a wrong value
        said = " ".join(str(error).split())[:120]
        raise ValueError(
            f"options: {config.name} refuses {dict(config.options)}: {said}"
        ) from None
    if value.shape or not np.isfinite(value):
        raise ValueError(
            f"options: {config.name} gives {value} at the start, which is no rate."
        )


def _after(config: ScheduleConfig, updates: int) -> Factor | None:
    """Return the schedule without its warm-up, over so many updates."""
    if config.name in OWN_RULES:
        return None
    function, start = SCHEDULES[config.name], dict(FROM)
    if config.name.startswith("warmup_"):
        start["init_value"] = 0.0
    known = options_of(function)
    required = {name: value for name, value in start.items() if not known.get(name, 1)}
    given = required | _both(dict.fromkeys(LASTING, 1.0), known) | dict(config.options)
    resolved = {n: _resolved(n, v, updates) for n, v in given.items()}
    return _promoted(function(**resolved))


def _promoted(schedule: Factor) -> Factor:
    """Return a schedule of optax that may mix integers and numbers, as it does."""

    def factor(count: Any) -> Any:
        with jax.numpy_dtype_promotion("standard"):
            return jnp.asarray(schedule(count), jnp.float32)

    return factor


def _both(values: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in known}


def _resolved(name: str, value: Any, updates: int) -> Any:
    """Return an option as optax takes it: lengths in updates."""
    if name in LENGTHS:
        return _updates(value, updates)
    if name == CUTS and value is not None:
        return {_updates(cut, updates): scale for cut, scale in value}
    return value


def _updates(length: int | float, updates: int) -> int:
    return round(length * updates) if _is_share(length) else int(length)


def _is_share(length: int | float) -> bool:
    return isinstance(length, float) and 0 < length <= 1
