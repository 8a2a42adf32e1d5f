"""Wrappers that answer for a factorisation from an index of its item factors."""
