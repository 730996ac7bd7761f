"""How loads are reached: one driver per load behind one protocol, virtual or over the device's own MQTT topics."""
