"""Public data sets in implicit's shape: matrices are ITEMS x USERS. ``tastemaker.datasets`` has Datasets with ids."""
