"""Language models: a corpus, a recurrent network, n-grams next to it, samples."""

EXPERIMENTS = {
    "language": "experiment:LanguageExperiment",
    "transformer": "transformer:TransformerExperiment",
}
