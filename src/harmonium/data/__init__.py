"""Data sets and the user's own arrays, checked and scaled."""
