"""Tests that hold the promises."""
