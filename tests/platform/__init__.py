"""The platform: settings, database, commands, containers."""
