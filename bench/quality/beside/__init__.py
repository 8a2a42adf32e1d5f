"""LightFM and ours on the same splits, from the same features, over the same epochs: see bench/README.md."""
