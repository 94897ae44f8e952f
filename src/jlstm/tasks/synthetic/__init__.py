"""Generated problems that ask for memory: what a cell keeps, and for how long."""

EXPERIMENTS = {"memory": "experiment:MemoryExperiment"}
