"""Attacks, by the topics of the OWASP API Security Top 10 of 2023: refused, logged, and nothing changed."""
