"""Run directories in, a report out."""
