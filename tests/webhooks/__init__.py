"""Webhooks, from a committed change to a receiver of our own."""
