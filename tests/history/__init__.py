"""What the history of the registry promises."""
