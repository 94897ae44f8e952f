"""Several runs side by side: what ``experiments/compare.py`` is made of."""
