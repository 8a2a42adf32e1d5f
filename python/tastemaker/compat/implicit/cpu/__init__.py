"""The models that run on the CPU."""
