"""Events for a verb: a file with its columns, or a public data set by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from tastemaker.cli._events import used_columns
from tastemaker.cli._verb import Session, bundled, option
from tastemaker.data import Dataset
from tastemaker.data._files import column_names, read_file
from tastemaker.errors import DataError

section = "Data options"


@dataclass(frozen=True)
class Events:
    """What was read: the interactions, and titles where they came along."""

    dataset: Dataset
    titles: Mapping[Any, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class DataChoice:
    """The data options of a verb."""

    data: str
    user: str | None
    item: str | None
    weight: str | None
    time: str | None
    no_weight: bool
    no_time: bool
    on_duplicate: str
    half_life: float | None
    cap: float | None
    user_features: Path | None
    item_features: Path | None
    timed: bool

    def read(self, session: Session, *, say_guesses: bool = True) -> Events:
        """Return the events; say on stderr what was guessed, and how to override it."""
        if Path(self.data).is_file():
            events = self._from_file()
            for note in self._guesses(events.dataset) if say_guesses else ():
                session.note(note)
            return events
        if Path(self.data).suffix:
            raise DataError(f"There is no file {self.data!r}.")
        return self._from_catalogue(session)

    def options(self) -> list[str]:
        """Return the data options given, as typed; for suggestions of a next command."""
        named = {"--user": self.user, "--item": self.item, "--weight": self.weight, "--time": self.time}
        typed = [text for flag, value in named.items() if value for text in (flag, value)]
        flags = {"--no-weight": self.no_weight, "--no-time": self.no_time, "--timed": self.timed}
        return typed + [flag for flag, given in flags.items() if given]

    def as_trained(self, columns: Mapping[str, str]) -> DataChoice:
        """Return the choice with the id columns of a model's training data, where none are named and they are there."""
        given = {role: getattr(self, role) for role in ("user", "item")}
        return replace(self, **_id_columns(Path(self.data), given, columns))

    def _guesses(self, data: Dataset) -> list[str]:
        """Return what was guessed, all columns in one line."""
        guessed = {role: name for role, name in used_columns(data).items() if getattr(self, role) is None}
        columns = ", ".join(f"{name} -> {role}" for role, name in guessed.items())
        flags = ", ".join(f"--{role}" for role in guessed)
        others = [note for note in data.origin.notes if note.partition(" = ")[0] not in guessed]
        return [f"Columns, by their names: {columns}; override with {flags}."] * bool(guessed) + others

    def _from_file(self) -> Events:
        if self.timed:
            raise click.UsageError("--timed is for public data sets, not for files.")
        for flag, name, absent in (
            ("weight", self.weight, self.no_weight),
            ("time", self.time, self.no_time),
        ):
            if absent and name is not None:
                raise click.UsageError(f"--{flag} and --no-{flag} exclude each other.")
        dataset = Dataset.from_file(
            self.data,
            user=self.user,
            item=self.item,
            weight=False if self.no_weight else self.weight,
            time=False if self.no_time else self.time,
            on_duplicate=self.on_duplicate,  # type: ignore[arg-type]  # checked by click
            half_life=self.half_life,
            cap=self.cap,
            user_features=_frame(self.user_features),
            item_features=_frame(self.item_features),
        )
        return Events(dataset)

    def _from_catalogue(self, session: Session) -> Events:
        from tastemaker.cli._sets import find, load

        entry = find(self.data)
        policies = (self.half_life, self.cap, self.user_features, self.item_features)
        if self.options() not in ([], ["--timed"]) or policies != (None,) * 4 or self.on_duplicate != "sum":
            raise click.UsageError(
                f"Columns, features and weights of the data set {self.data} are fixed. Write it to a file "
                f"(tastemaker datasets {self.data} -o events.csv) and use that."
            )
        loaded = load(entry, **({"timed": True} if self.timed else {}))
        session.note(loaded.source)
        return Events(loaded.dataset, loaded.titles)


def read_events(path: Path, columns: Mapping[str, str]) -> Dataset:
    """Return the events of a file for a model whose training data had those id columns."""
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.")
    return Dataset.from_file(path, **_id_columns(path, {"user": None, "item": None}, columns))


def _id_columns(path: Path, given: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, Any]:
    there = column_names(path) if path.is_file() else []
    return {
        role: columns[role] if name is None and columns[role] in there else name
        for role, name in given.items()
    }


def _frame(path: Path | None) -> Any:
    return None if path is None else read_file(path, None)


_column_help = {
    "user": "Column of user ids. Default: by its name.",
    "item": "Column of item ids. Default: by its name.",
    "weight": "Column of weights. Default: by its name, never a rating.",
    "time": "Column of times. Default: by its name.",
}

data_options = bundled(
    "source",
    DataChoice,
    click.argument("data"),
    *(
        option(f"--{role}", metavar="COLUMN", section=section, help=text)
        for role, text in _column_help.items()
    ),
    option("--no-weight", is_flag=True, section=section, help="Every row counts 1."),
    option("--no-time", is_flag=True, section=section, help="Use no times."),
    option(
        "--on-duplicate",
        type=click.Choice(["sum", "last", "max", "error"]),
        default="sum",
        show_default=True,
        section=section,
        help="What rows of one user and item become.",
    ),
    option("--half-life", type=float, metavar="DAYS", section=section, help="Halve weights with age."),
    option("--cap", type=float, section=section, help="Largest weight of a pair."),
    option(
        "--user-features",
        type=click.Path(path_type=Path),
        section=section,
        help="File of user ids and features.",
    ),
    option(
        "--item-features",
        type=click.Path(path_type=Path),
        section=section,
        help="File of item ids and features.",
    ),
    option(
        "--timed", is_flag=True, section=section, help="Of a public set, only events whose time is known."
    ),
)
