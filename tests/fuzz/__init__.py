"""Fuzz targets, one per boundary: `make fuzz`, or `python -m tests.fuzz.run TARGET`."""
