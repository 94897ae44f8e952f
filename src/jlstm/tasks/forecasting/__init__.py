"""The next steps of a series, next to the baselines."""

EXPERIMENTS = {"forecast": "experiment:ForecastExperiment"}
