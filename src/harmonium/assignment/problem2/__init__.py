"""Problem 2: variational autoencoders, plain and class-conditional."""
