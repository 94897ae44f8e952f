"""What introductions say of LSTMs, each statement next to what was measured."""
