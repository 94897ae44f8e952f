"""Training: one loop for every task, and what it keeps on disk."""
