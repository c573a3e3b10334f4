"""The simulated people of the demo and of the tests: their telephones, their city, their day."""
