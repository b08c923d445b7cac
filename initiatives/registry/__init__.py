"""The curated registry as files that people can read and edit, and their way into the database and back."""
