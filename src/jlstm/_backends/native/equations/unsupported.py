"""What is raised where the equations of a cell cannot become a program."""


class UnsupportedError(Exception):
    """The kernel cannot have this cell; the message says what of it, in a few words."""
