"""Music: the next chord of a piece, and pieces that a model writes."""

EXPERIMENTS = {"music": "experiment:MusicExperiment"}
