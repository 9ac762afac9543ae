"""Markov chains and annealed importance sampling."""
