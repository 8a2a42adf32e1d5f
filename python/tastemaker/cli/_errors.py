"""From exceptions to one line on stderr and an exit code: 1 failed, 2 wrong usage, 3 the data are at fault."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from tastemaker.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    FileError,
    FormatError,
    TastemakerError,
    UnknownIdError,
)

# click 8.1 shows the help without raising.
_help_shown = getattr(click.exceptions, "NoArgsIsHelpError", ())

_usage_errors = (ArgumentError, ArgumentTypeError)
_data_errors = (DataError, UnknownIdError, FormatError, FileError)


class Failure(click.ClickException):
    """The end of a run in one line: it was called rightly, but something went wrong."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class WrongUsage(Failure):
    """The command line cannot be meant."""

    exit_code = 2


class BadData(Failure):
    """The data or a file is at fault."""

    exit_code = 3


@contextmanager
def usage_in_one_line() -> Iterator[None]:
    """Turn click's usage errors, which print several lines, into one with the command that helps."""
    try:
        yield
    except _help_shown:
        raise
    except click.UsageError as error:
        hint = "" if error.ctx is None else f" Try '{error.ctx.command_path} --help'."
        raise WrongUsage(f"{error.format_message()}{hint}") from error


@contextmanager
def reported(spoken: Callable[[str], str], *, trace: bool) -> Iterator[None]:
    """Turn every exception into a Failure; spoken translates messages, trace prints where it came from."""
    try:
        yield
    except (click.ClickException, click.Abort, click.exceptions.Exit, KeyboardInterrupt):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            raise  # a reader such as `head` has had enough; click ends quietly
        if trace:
            click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
        raise _failure(error, spoken) from error


def _failure(error: Exception, spoken: Callable[[str], str]) -> Failure:
    if isinstance(error, TastemakerError):
        kinds = ((_usage_errors, WrongUsage), (_data_errors, BadData))
        kind = next((ending for cause, ending in kinds if isinstance(error, cause)), Failure)
        return kind(spoken(str(error)))
    if isinstance(error, MemoryError):
        return Failure(f"Memory ran out ({error or 'no size given'}). Take fewer factors or less data.")
    if isinstance(error, OSError):
        return Failure(f"{error.filename or 'A file'}: {error.strerror or error}.")
    return Failure(
        f"Unexpected {type(error).__name__}: {error}. This is a bug; -v -v shows where it happened."
    )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make what goes wrong with an output the run's failure, not the data's."""
    try:
        yield
    except FileError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        raise Failure(f"{path} cannot be written ({error.strerror or error}).") from error
