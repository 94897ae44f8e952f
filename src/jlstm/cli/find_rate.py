"""``jlstm find-rate``: a learning rate to begin with."""

from collections.abc import Sequence
from pathlib import Path

from jlstm._internal.files import write_atomically
from jlstm.analysis.plots import figure_to_svg, plot_rates
from jlstm.cli.arguments import Parser
from jlstm.cli.launch import prepare
from jlstm.training.failure import Reached
from jlstm.training.find_rate import RateTest, find_rate
from jlstm.training.report.table import table

LINES = 12


def find_rate_(argv: Sequence[str], reached: Reached) -> int:
    """Try rising rates on the first batches, draw the losses, and suggest a rate."""
    parser = Parser("find-rate", "A learning rate to begin with: rising rates tried.")
    parser.add_argument(
        "words", metavar="KEY=VALUE", nargs="+",
        help="what to train, as jlstm run takes it, such as experiment=NAME",
    )  # fmt: skip
    parser.add_argument("--low", type=float, default=1e-6, help="(default: 1e-6)")
    parser.add_argument("--high", type=float, default=10.0, help="(default: 10)")
    parser.add_argument(
        "--updates", type=int, default=200, help="one at each rate (default: 200)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("rates.svg"), metavar="OUT",
        help="the plot to write (default: rates.svg)",
    )  # fmt: skip
    options = parser.parse_intermixed_args(list(argv))
    if not options.out.absolute().parent.is_dir():
        raise ValueError(f"--out is {options.out}, in a folder that does not exist.")
    experiment, _, old = prepare(options.words)
    if old is not None:
        raise ValueError("find-rate starts from the beginning: leave out resume=.")
    config = experiment.config
    found = find_rate(
        experiment.task(experiment.data, {}), config.train, config.optimizer,
        options.low, options.high, options.updates,
    )  # fmt: skip
    write_atomically(options.out, figure_to_svg(plot_rates(*found)))
    print(f"{rate_table(found)}\n\nplot: {options.out}\n{advice(found)}")
    return 0


def rate_table(found: RateTest) -> str:
    """Return some rates with their losses."""
    step = max(1, len(found.rates) // LINES)
    rows = [
        [f"{rate:.2e}", loss]
        for rate, loss in zip(found.rates[::step], found.smoothed[::step], strict=True)
    ]
    return table(["rate", "loss, smoothed"], [[r, float(loss)] for r, loss in rows])


def advice(found: RateTest) -> str:
    """Return the rate to begin with, as a line for the user."""
    if found.suggested is None:
        return "The loss did not fall at any rate: give lower or higher ones."
    return f"suggested: optimizer.learning_rate={found.suggested:.2g}"
