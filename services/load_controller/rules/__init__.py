"""What may be asked of loads and what it means: pure functions, with states and time passed in."""
