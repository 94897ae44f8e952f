"""The table of data sets, a file for each kind of task."""
