"""One class a sequence: sentences, documents, images, vowels; what moved the answer."""

EXPERIMENTS = {"classify": "experiment:ClassifyExperiment"}
