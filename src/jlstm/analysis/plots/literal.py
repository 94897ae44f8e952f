"""Text of a user in a plot: as it stands, whatever is in it.

matplotlib takes what stands between two dollar signs for a formula, and what it cannot
draw for an error; and a plot is a part of an XML page, in which some signs may not
stand at all. A label comes from data, so that any of this can be in it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

LONGEST, LONGEST_TICK = 80, 30
"""Signs of a text and of a label at an axis; longer ones would leave no room."""


def readable(text: object, longest: int | None = None) -> str:
    r"""Return a text with a visible sign for each control sign, not too long.

    Args:
        text: of a user.
        longest: where to cut it; None keeps all.

    Example:
        >>> readable("a nul\0"), readable("a" * 99, 5)
        ('a nul␀', 'aaaa…')
    """
    shown = "".join(map(_visible, str(text)))
    if longest is None or len(shown) <= longest:
        return shown
    return shown[: longest - 1] + "…"


def in_legend(name: str) -> str:
    """Return a name that a legend shows; matplotlib leaves out ``""`` and ``_name``.

    Example:
        >>> in_legend("loss"), len(in_legend("_loss"))
        ('loss', 6)
    """
    hidden = not name or name.startswith("_")
    return f"\N{ZERO WIDTH SPACE}{name}" if hidden else name


def make_literal(figure: "Figure") -> None:
    """Let every text of a figure stand as it is, but for the numbers of a scale."""
    from matplotlib.axis import Axis
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_text(readable(_untabbed(text.get_text()), LONGEST))
    for axis in figure.findobj(Axis):
        _label_ticks(axis)


def _label_ticks(axis: "Axis") -> None:
    """Let matplotlib write its numbers, as formulas perhaps, and names as they are."""
    from matplotlib.text import Text
    from matplotlib.ticker import FuncFormatter, LogFormatter, ScalarFormatter

    formatter = axis.get_major_formatter()
    if isinstance(formatter, LogFormatter | ScalarFormatter):
        for text in axis.findobj(Text):
            text.set_parse_math(text is not axis.label)
    elif isinstance(formatter, FuncFormatter):
        axis.set_major_formatter(
            FuncFormatter(
                lambda x, n: readable(_untabbed(formatter(x, n)), LONGEST_TICK)
            )
        )


def _untabbed(text: str) -> str:
    return text.replace("\t", "\N{SYMBOL FOR HORIZONTAL TABULATION}")


def _visible(sign: str) -> str:
    """Return what shows a sign that cannot be shown, the sign itself for all others."""
    number = ord(sign)
    if number < 0x20 and sign not in "\n\t":
        return chr(0x2400 + number)
    hidden = number == 0x7F or 0x80 <= number < 0xA0
    broken = 0xD800 <= number < 0xE000 or number & 0xFFFE == 0xFFFE
    return "\N{REPLACEMENT CHARACTER}" if hidden or broken else sign
