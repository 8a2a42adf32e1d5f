"""One module per verb; each defines ``command``."""
