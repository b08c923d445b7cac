"""JSON over HTTP: what every collection of the API has in common."""
