"""What a call is: tracking, ring counting, the pickup guard, transfers and the log."""
