"""The command line: from overrides to a run, a resumed run, a sweep, a comparison."""
