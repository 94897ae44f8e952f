"""Several runs beside each other: what ``experiments/compare.py`` is made of."""
