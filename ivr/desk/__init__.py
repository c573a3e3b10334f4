"""The desk: who answers when."""
