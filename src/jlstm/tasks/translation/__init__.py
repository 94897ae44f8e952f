"""Translation of short sentences: what attention is for, and BLEU beside baselines."""

EXPERIMENTS = {"translation": "experiment:TranslateExperiment"}
