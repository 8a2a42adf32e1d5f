"""Errors of the models underneath, in the words of the library that a façade speaks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tastemaker.errors import ArgumentError, ArgumentTypeError, DataError, ModelFitError


@contextmanager
def in_words(words: Mapping[str, str]) -> Iterator[None]:
    """Raise the errors of the block again, with each of our words replaced by theirs."""
    try:
        yield
    except (ArgumentError, ArgumentTypeError, DataError, ModelFitError) as error:
        text = str(error)
        for ours, theirs in words.items():
            text = text.replace(ours, theirs)
        raise type(error)(text) from error
