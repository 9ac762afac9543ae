"""Random numbers: independent generators from one seed, and uniform and normal numbers in bulk."""
