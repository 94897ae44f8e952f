"""What several parts of the library share, and no user imports."""
