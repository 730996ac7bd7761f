"""What every service uses: message contracts, the bus, the store, and the rules that hold everywhere."""
