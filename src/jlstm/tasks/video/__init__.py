"""Video: the next frames of moving digits."""

EXPERIMENTS = {"video": "experiment:VideoExperiment"}
