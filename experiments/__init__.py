"""The launcher and its tasks: thin glue between configurations and the library."""
