"""What is raised where there is no kernel."""


class BuildError(RuntimeError):
    """The kernel cannot be compiled or loaded here; the message says why."""
