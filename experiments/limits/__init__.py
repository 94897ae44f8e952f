"""Where recurrent networks stop: little data, long sequences, one step at a time."""
