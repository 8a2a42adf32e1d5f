"""``tastemaker describe``: what is in the data, what was guessed, what to try next."""

from __future__ import annotations

import shlex
from typing import Any

import numpy as np

from tastemaker import splits
from tastemaker.cli import _data
from tastemaker.cli._config import ConfiguredVerb, config_options
from tastemaker.cli._events import used_columns
from tastemaker.cli._language import spoken
from tastemaker.cli._models import all_parameters
from tastemaker.cli._output import Answer, emit
from tastemaker.cli._verb import Session, verb
from tastemaker.data import Dataset

# Below this share of known users in its test part, a split by time asks models mostly about strangers.
_enough_known = 0.5


@verb("describe", cls=ConfiguredVerb)
@_data.data_options
@config_options(all_parameters)
def command(session: Session, source: _data.DataChoice) -> None:
    """Say what is in DATA, a file of events (.csv, .tsv, .csv.gz, .tsv.gz, .parquet) or a public data set.

    Prints counts, what was guessed about the columns with the option that overrides it, and a command to go on with.
    """
    data = source.read(session, say_guesses=False).dataset
    description = data.describe()
    notes = [spoken(note, session.flags) for note in description.notes]
    kind, size, reason = suggested_split(data)
    following = ["tastemaker", "compare", source.data, *source.options(), "--split", kind]
    following += ["--test-size", size, "--models", "popular,knn,als", "-o", "run/"]
    facts: dict[str, Any] = {
        "data": source.data,
        "columns": used_columns(data),
        "facts": description.facts,
        "notes": notes,
        "suggestion": {"split": kind, "test_size": size, "reason": reason, "command": shlex.join(following)},
    }
    columns = ", ".join(f"{name} -> {role}" for role, name in facts["columns"].items())
    emit(
        session,
        Answer(
            facts,
            description,
            above=(f"columns: {columns}",),
            below=(*(f"- {note}" for note in notes), f"Next ({reason}):", f"  {shlex.join(following)}"),
        ),
    )


def suggested_split(data: Dataset) -> tuple[str, str, str]:
    """Return (kind, test size, reason) of the split that tells most about these data."""
    if data.times is None:
        return "random", "0.2", "there are no times to split by"
    if data.nnz > 1 and np.ptp(data.times) > 0:
        parted = splits.by_time(data, 0.1)
        asked = np.count_nonzero(np.diff(parted.test.matrix.indptr))
        known = 1 - len(parted.cold_users) / asked
        if known >= _enough_known:
            return "time", "0.1", f"{known:.0%} of the users after the cut have a past"
        return "last", "1", f"only {known:.0%} of the users after a cut in time would have a past"
    return "last", "1", "all events are of one moment"
