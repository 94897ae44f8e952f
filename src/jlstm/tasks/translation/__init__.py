"""Translation of short sentences: what attention is for, and BLEU next to baselines."""

EXPERIMENTS = {"translation": "experiment:TranslateExperiment"}
