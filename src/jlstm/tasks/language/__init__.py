"""Language models: a corpus, a recurrent network, n-grams beside it, samples."""

EXPERIMENTS = {
    "language": "experiment:LanguageExperiment",
    "transformer": "transformer:TransformerExperiment",
}
