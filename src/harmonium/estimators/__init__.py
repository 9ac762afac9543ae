"""The public face: scikit-learn's contract."""
