"""OctoPrint's push channel: SockJS and plain WebSocket in front, the live view and the events of the bus behind."""
