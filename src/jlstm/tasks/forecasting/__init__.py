"""The next steps of a series, next to what needs no network."""

EXPERIMENTS = {"forecast": "experiment:ForecastExperiment"}
