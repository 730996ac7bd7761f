"""Speaks to printers: streams files over serial lines and tells on MQTT what the printers do."""
