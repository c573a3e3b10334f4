"""Benches against the real Asterisk; `python -m bench.run` runs them all."""
