"""From the equations of a cell to a program of the kernel, and nothing by hand."""
