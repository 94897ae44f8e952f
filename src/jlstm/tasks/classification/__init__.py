"""One class per sequence: sentences, documents, images, vowels; what moved it."""

EXPERIMENTS = {"classify": "experiment:ClassifyExperiment"}
