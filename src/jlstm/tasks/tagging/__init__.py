"""Tagging: a part of speech, or a piece of a chunk, for each word."""

EXPERIMENTS = {"tagging": "experiment:TagExperiment"}
