"""How a service's tables come to be: one Alembic environment for all services, whose folders hold only `versions/`."""
