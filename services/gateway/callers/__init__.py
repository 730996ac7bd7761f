"""Who calls: accounts, their keys, passwords and sessions, what a role may do, and what stops guessing."""
