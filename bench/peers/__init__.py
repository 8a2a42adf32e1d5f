"""Ours and the peers on the same data in the same run: see bench/README.md."""
