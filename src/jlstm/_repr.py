"""A short ``repr`` for frozen dataclasses: what was given, not every default."""

import dataclasses


class ShortRepr:
    """Prints a dataclass with the fields that have no default or differ from it.

    The text is a valid constructor call. Subclasses are dataclasses with
    ``repr=False``.
    """

    def __repr__(self) -> str:
        shown = (
            f"{field.name}={getattr(self, field.name)!r}"
            for field in dataclasses.fields(self)
            if getattr(self, field.name) != field.default
        )
        return f"{type(self).__name__}({', '.join(shown)})"
