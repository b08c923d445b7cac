"""The project, and machinery that knows nothing of smart cities."""
