"""A Marlin-like firmware as a process of its own: a printer for everybody who has none at hand, and for every test."""
