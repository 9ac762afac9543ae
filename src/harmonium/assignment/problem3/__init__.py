"""Problem 3: the sparse over-complete denoising autoencoder."""
