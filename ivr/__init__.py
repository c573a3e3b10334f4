"""ivr: a telephone service desk for property management, on Asterisk."""

__version__ = "0.1.0"
