"""Every message and every topic: the one place where wire formats and topics are defined."""
