"""A trained model behind HTTP: limits, waiting requests in batches, sessions."""
