"""The one dialer for every call that ivr makes, and what uses it."""
