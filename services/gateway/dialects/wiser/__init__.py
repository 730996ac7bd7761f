"""The API of a Wiser-by-Feller µGateway: loads, jobs, smart buttons, timers and what belongs to them."""
