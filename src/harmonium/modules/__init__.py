"""Parameters and pure maths."""
