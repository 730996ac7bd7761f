"""The gateway: documented REST APIs in front, the bus behind; it translates and asks, the owners decide."""
