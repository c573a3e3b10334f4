"""What is remembered: SQLite behind one writer. Nobody else knows SQL."""
