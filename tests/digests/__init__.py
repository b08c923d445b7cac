"""The daily digest by e-mail."""
