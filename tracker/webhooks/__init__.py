"""Webhooks: subscribers are sent what has changed, signed, in order, until they have it."""
