"""Exceptions and warnings of tastemaker.

Every message names the argument, the rule, the value and, where there is one, the remedy.
"""

from __future__ import annotations

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "ConvergenceWarning",
    "DataError",
    "DataWarning",
    "FileError",
    "FormatError",
    "MissingLibraryError",
    "ModelFitError",
    "NotEnoughMemoryError",
    "NotFittedError",
    "PerformanceWarning",
    "TastemakerError",
    "UnknownIdError",
    "UnsupportedError",
]


class TastemakerError(Exception):
    """Base of every exception that tastemaker raises on purpose."""


class ArgumentError(TastemakerError, ValueError):
    """An argument has the right kind but a value that its rule forbids."""


class ArgumentTypeError(TastemakerError, TypeError):
    """An argument is of the wrong kind, or no such argument exists."""


class DataError(TastemakerError, ValueError):
    """Interactions or features cannot be used: a missing column, NaN weights, a broken matrix."""


class FileError(TastemakerError, OSError):
    """A file cannot be opened, read or written."""


class FormatError(TastemakerError, ValueError):
    """A file is not what it should be: cut, damaged, of a newer version, or no model at all."""


class UnknownIdError(TastemakerError, KeyError):
    """An id was not seen in training."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""  # KeyError would print the repr


class NotFittedError(TastemakerError, ValueError, AttributeError):
    """The model must be fitted first."""


class ModelFitError(TastemakerError, ArithmeticError):
    """Training lost its meaning, for example because factors became infinite."""


class NotEnoughMemoryError(TastemakerError, MemoryError):
    """This would need more memory than there is; found before any of it is taken."""


class MissingLibraryError(TastemakerError, ImportError):
    """An optional library is not installed; the message has the command that installs it."""


class UnsupportedError(TastemakerError, NotImplementedError):
    """This model cannot do that; the message says which can."""


class DataWarning(UserWarning):
    """The data was used, but something in it deserves a look."""


class ConvergenceWarning(UserWarning):
    """An iteration stopped before it reached its goal."""


class PerformanceWarning(UserWarning):
    """The call works but costs more than it need; the message says how to avoid that."""
