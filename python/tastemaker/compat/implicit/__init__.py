"""The API of implicit 0.7.3 over tastemaker's models: ``import tastemaker.compat.implicit as implicit``.

Names, signatures, defaults, shapes and files are implicit's. Where implicit does not do what its documentation says,
this does; ``docs/compat-implicit-differences.md`` lists each case.
"""

from tastemaker.compat.implicit import als, approximate_als, bpr, lmf, nearest_neighbours

__version__ = "0.7.3"

__all__ = ["__version__", "als", "approximate_als", "bpr", "lmf", "nearest_neighbours"]
