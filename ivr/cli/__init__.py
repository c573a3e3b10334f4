"""The command line: thin, one module for each group of commands."""
