"""Pages for people, in both languages, drawn on the server: they need no script."""
