"""Losses that train a module."""
