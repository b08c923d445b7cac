"""Commands of the registry, by name."""
