"""Long-term dependencies: what a cell remembers, for how long, and why."""
