"""Lumen 2: model definition."""
