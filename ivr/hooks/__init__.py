"""Webhooks: other systems of the office are told what happens, and tell us."""
