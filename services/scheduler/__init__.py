"""The scheduler: what should run when, and that it ran once."""
