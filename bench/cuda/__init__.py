"""ALS on a GPU: times where there is one, and what an epoch moves and computes everywhere. See bench/README.md."""
