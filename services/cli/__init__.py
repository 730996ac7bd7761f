"""The command `jobwire`: starts the system and lets people look at it and act on it from a terminal."""
