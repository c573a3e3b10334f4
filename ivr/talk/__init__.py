"""A conversation with a person on a line: what is said, what is heard."""
