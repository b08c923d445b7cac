"""Keeps the service running: health, and what a visitor finds at the front door."""
