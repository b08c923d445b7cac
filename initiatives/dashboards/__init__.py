"""Widgets: which API queries they may save, and what their displays make of the answers."""
