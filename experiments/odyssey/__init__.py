"""A search-space odyssey: what each part of an LSTM is worth."""
