"""Readers by what they read."""
