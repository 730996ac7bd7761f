"""The services of Jobwire. No service imports another; they share `shared/` and the bus."""
