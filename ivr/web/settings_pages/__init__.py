"""The settings pages: who rings when, what is said, who may sign in, what was done.

What stands in ivr.toml (phones, ladders, limits) is shown, not changed here: the
file is the one place for it, and `ivr doctor` checks it.
"""
