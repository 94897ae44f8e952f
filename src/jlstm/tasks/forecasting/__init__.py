"""The next steps of a series, beside what needs no network."""

EXPERIMENTS = {"forecast": "experiment:ForecastExperiment"}
