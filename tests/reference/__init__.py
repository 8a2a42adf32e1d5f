"""Numpy twins of the kernels, written from the formulas; they import nothing of tastemaker."""
