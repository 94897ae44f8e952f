"""Scripts over finished runs of language models."""
