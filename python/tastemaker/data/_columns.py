"""Which column is what: the names a caller gave, or names that leave no doubt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tastemaker._validation import shown
from tastemaker.errors import ArgumentTypeError, DataError

roles = ("user", "item", "weight", "time")
_optional = ("weight", "time")
default_columns = {role: role for role in roles}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Names that say what a column is, in lower case without separators, best tier first. Two columns in one
# tier are a doubt, and the caller is asked.
_obvious: dict[str, tuple[frozenset[str], ...]] = {
    "user": (
        _names("userid user uid userids users"),
        _names("customerid visitorid memberid accountid clientid sessionid viewerid listenerid readerid"),
        _names("customer visitor member account client session viewer listener reader"),
    ),
    "item": (
        _names("itemid item iid itemids items"),
        _names(
            "movieid filmid artistid trackid songid albumid productid bookid articleid newsid gameid videoid "
            "courseid recipeid documentid venueid placeid locationid asin isbn sku"
        ),
        _names(
            "movie film artist track song album product book article news game video course recipe document "
            "venue place location"
        ),
    ),
    "weight": (
        _names("weight weights"),
        _names("plays playcount playcounts count counts listens views clicks quantity purchases"),
    ),
    "time": (
        _names("timestamp ts time datetime"),
        _names("eventtime eventdate unixtime createdat date"),
    ),
}
# Judgements, not amounts: a 1 among 1 to 5 is a dislike, so they are weights only on request.
_judgements = _names("rating ratings score scores stars")
_titles = (
    _names("title titles itemtitle"),
    _names("movietitle filmtitle songtitle tracktitle albumtitle producttitle booktitle gametitle"),
    _names("name names itemname moviename artistname songname trackname productname bookname gamename label"),
)


@dataclass(frozen=True, slots=True)
class Columns:
    """Column per role, None where the frame has no such column or it is not wanted, and what was guessed."""

    names: Mapping[str, str | None]
    notes: tuple[str, ...] = ()

    def label(self, role: str) -> str:
        """Return how a message calls the role's column."""
        return f"`{role}` (column {self.names[role]!r})"


def resolve(available: Sequence[str], given: Mapping[str, Any]) -> Columns:
    """Return the column of each role from what the caller gave: a name, None to guess, False for none."""
    names: dict[str, str | None] = {}
    notes: list[str] = []
    for role in roles:
        name = given[role]
        if name is None:
            names[role] = _guess(role, available)
            notes += [f"{role} = {names[role]!r}, guessed from its name; override with {role}=."] * bool(
                names[role]
            )
        else:
            names[role] = _checked(role, name, available)
    _check_distinct(names)
    if given["weight"] is None and names["weight"] is None:
        notes += _unused_judgement(available)
    return Columns(names, tuple(notes))


def guess_id(role: str, available: Sequence[str], preferred: str, *, argument: str | None = None) -> str:
    """Return the column of ids in a table of features or titles: as in the interactions, or obvious, or "id"."""
    if preferred in available:
        return preferred
    found = _obvious_name(role, available) or ("id" if "id" in available else None)
    if found is None:
        raise DataError(
            f"`{argument or f'{role}_features'}` must have a column of ids named {preferred!r}, got the columns "
            f"{', '.join(map(repr, available))}. Rename the column that holds them."
        )
    return found


def guess_title(available: Sequence[str], key: str) -> str:
    """Return the column of titles in a table with the ids in key: an obvious one, or the only other."""
    others = [name for name in available if name != key]
    for tier in _titles:
        for name in others:
            if _plain(name) in tier:
                return name
    if len(others) != 1:
        raise DataError(
            f"`titles` must have a column named 'title' or 'name', got the columns "
            f"{', '.join(map(repr, available))}. Rename the column that holds them."
        )
    return others[0]


def _guess(role: str, available: Sequence[str]) -> str | None:
    found = _obvious_name(role, available)
    if found is None and role not in _optional:
        raise DataError(
            f"`{role}` must name the column of {role} ids, and no column has an obvious name. "
            f"Pass {role}= one of {', '.join(map(repr, available))}."
        )
    return found


def _obvious_name(role: str, available: Sequence[str]) -> str | None:
    for tier in _obvious[role]:
        matches = [name for name in available if _plain(name) in tier]
        if len(matches) > 1:
            none = " or False" if role in _optional else ""
            raise DataError(
                f"`{role}` must be one column, and {' and '.join(map(repr, matches))} both look like it. "
                f"Pass {role}= one of them{none}."
            )
        if matches:
            return matches[0]
    return None


def _checked(role: str, name: Any, available: Sequence[str]) -> str | None:
    if name is False and role in _optional:
        return None
    if not isinstance(name, str):
        none = " or False for none" if role in _optional else ""
        raise ArgumentTypeError(
            f"`{role}` must be the name of a column{none}, got {shown(name)} ({type(name).__name__})."
        )
    if name not in available:
        raise DataError(
            f"`{role}` must be one of the columns {', '.join(map(repr, available))}, got {name!r}."
        )
    return name


def _check_distinct(names: Mapping[str, str | None]) -> None:
    used = [name for name in names.values() if name is not None]
    for name in used:
        if used.count(name) > 1:
            both = " and ".join(f"`{role}`" for role in names if names[role] == name)
            raise DataError(f"{both} must be different columns, got {name!r} for both.")


def _unused_judgement(available: Sequence[str]) -> list[str]:
    found = [name for name in available if _plain(name) in _judgements]
    return [
        f"{name!r} is not used, every row counts 1; weight={name!r} makes it the weight."
        for name in found[:1]
    ]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
