"""Spoken words: which one of a few is said, by known and by unknown speakers."""
