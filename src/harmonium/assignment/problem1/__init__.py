"""Problem 1: Gaussian-Bernoulli restricted Boltzmann machines."""
