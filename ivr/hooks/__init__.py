"""What leaves for, and comes from, other systems: signed webhooks."""
