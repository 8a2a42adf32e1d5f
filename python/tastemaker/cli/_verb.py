"""What every verb has: common options, notes on stderr, errors in one line, help in sections."""

from __future__ import annotations

import dataclasses
import functools
import shlex
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from tastemaker.cli._errors import reported, usage_in_one_line
from tastemaker.cli._language import flags_of, spoken
from tastemaker.errors import ConvergenceWarning, DataWarning, PerformanceWarning

F = TypeVar("F", bound=Callable[..., Any])

common = "Common options"


class Option(click.Option):
    """An option with the heading under which ``--help`` shows it."""

    def __init__(self, *args: Any, section: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


@dataclasses.dataclass(frozen=True)
class Session:
    """How a verb was called, apart from what it is to do.

    Attributes
    ----------
    as_json : bool
        Print the result as JSON.
    output : Path or None
        Where the result goes; None is stdout.
    seed : int
    threads : int or None
    verbosity : int
        -1 errors only, 0 notes, 1 details, 2 also tracebacks.
    command : str
        The line that repeats the run.
    flags : dict
        What a user types for each argument that a message of the library may name.
    """

    as_json: bool
    output: Path | None
    seed: int
    threads: int | None
    verbosity: int
    command: str
    flags: dict[str, str]

    @property
    def progress(self) -> bool | None:
        """The ``progress=`` of the library: automatic, or off when quiet."""
        return False if self.verbosity < 0 else None

    def note(self, text: str) -> None:
        """Tell the user something on stderr, unless -q."""
        if self.verbosity >= 0:
            click.echo(spoken(text, self.flags), err=True)

    def detail(self, text: str) -> None:
        """Tell the user something on stderr if -v asks for it."""
        if self.verbosity >= 1:
            click.echo(spoken(text, self.flags), err=True)

    @contextmanager
    def active(self) -> Iterator[None]:
        """Run with this session's threads; exceptions and warnings become lines on stderr."""
        from tastemaker._runtime import config

        with (
            reported(lambda text: spoken(text, self.flags), trace=self.verbosity >= 2),
            config(threads=self.threads),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore" if self.verbosity < 2 else "default")
            for category in (DataWarning, ConvergenceWarning, PerformanceWarning):
                warnings.simplefilter("always", category)
            told: set[str] = set()

            def show(message: Warning | str, *_: Any, **__: Any) -> None:
                if str(message) not in told:  # once per run, not once per batch
                    told.add(str(message))
                    self.note(f"Warning: {message}")

            warnings.showwarning = show
            yield


class Verb(click.Command):
    """A command with the common options, whose callback gets a Session first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _common_options()

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        flags = flags_of(self)
        with reported(lambda text: spoken(text, flags), trace=False), usage_in_one_line():
            return super().make_context(*args, **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["tastemaker.command"] = shlex.join([*ctx.command_path.split(), *args])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        given = ctx.params
        quiet, verbose = given.pop("quiet"), given.pop("verbose")
        session = Session(
            as_json=given.pop("as_json"),
            output=given.pop("output"),
            seed=given.pop("seed"),
            threads=given.pop("threads"),
            verbosity=-1 if quiet else verbose,
            command=ctx.meta["tastemaker.command"],
            flags=flags_of(self),
        )
        assert self.callback is not None
        with session.active():
            return ctx.invoke(self.callback, session, **given)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                sections.setdefault(getattr(param, "section", common), []).append(record)
        sections[common] = sections.pop(common)  # last, whatever their place among the parameters
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


def verb(name: str, *, cls: type[Verb] = Verb) -> Callable[[Callable[..., Any]], Verb]:
    """Make a function a verb: its docstring is the help, its first argument the Session."""
    return click.command(
        name, cls=cls, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
    )


def option(*names: str, section: str = "Options", **kwargs: Any) -> Callable[[F], F]:
    """Decorate with an option of a section."""
    return click.option(*names, cls=Option, section=section, **kwargs)


def bundled(name: str, kind: type[Any], *options: Callable[[F], F]) -> Callable[[F], F]:
    """Decorate with options whose values come as one object: argument ``name``, a dataclass of type kind."""
    fields = [field.name for field in dataclasses.fields(kind)]

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            values = {field: kwargs.pop(field) for field in fields}
            return function(*args, **{name: kind(**values)}, **kwargs)

        for add in reversed(options):
            wrapper = add(wrapper)
        return wrapper  # type: ignore[return-value]

    return decorate


def _common_options() -> list[click.Parameter]:
    return [
        Option(["--json", "as_json"], is_flag=True, section=common, help="Print the result as JSON."),
        Option(
            ["-o", "--output"],
            type=click.Path(path_type=Path),
            section=common,
            help="Where the result goes instead of the terminal.",
        ),
        Option(
            ["--seed"],
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            section=common,
            help="Seed of everything random.",
        ),
        Option(
            ["--threads"],
            type=click.IntRange(1, 1024),
            section=common,
            help="Threads to use. Default: TASTEMAKER_NUM_THREADS, else the CPUs this process may use.",
        ),
        Option(["-q", "--quiet"], is_flag=True, section=common, help="Only errors on stderr."),
        Option(
            ["-v", "--verbose"],
            count=True,
            section=common,
            help="More on stderr; twice for tracebacks of errors.",
        ),
    ]
