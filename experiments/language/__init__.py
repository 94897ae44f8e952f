"""Language models: a corpus, a recurrent network, n-grams beside it, samples."""
