"""Search the hyper-parameters of the tables and write them to tuned.json beside this file.

    make quality-search ARGS="gowalla"                  # a case of cases.py, or several; default: all
    make quality-search ARGS="ml-1m --rows 'ALS*'"

Twice per row: on a part cut from the training data, which is the honest way, and on the test part itself, because the
published tables were tuned so and are comparable to nothing else. Seeded; by Optuna's TPE sampler.
"""

from __future__ import annotations

import argparse
import sys
from fnmatch import fnmatchcase
from typing import Any

import optuna
from bench.quality.cases import CASES, Case, Row
from bench.quality.fitting import Members, fitted, members_of
from bench.quality.protocols import Measure
from bench.quality.tuned import MODES, editing, read


def main(arguments: list[str] | None = None) -> int:
    """Search what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality.search")
    parser.add_argument("cases", nargs="*", help=f"of {', '.join(CASES)}; default: all")
    parser.add_argument("--rows", default="*", help="pattern of the rows' names")
    parser.add_argument("--modes", default=",".join(MODES))
    options = parser.parse_args(arguments)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for name in options.cases or CASES:
        case = CASES[name]
        test = case.protocol()
        for mode in options.modes.split(","):
            measure = test if mode == "test" else test.validation()
            for row in case.rows:
                # A blend finds its weights itself, but not on the test part.
                searched = row.space or (row.blends and mode == "test")
                if searched and mode in row.modes and fnmatchcase(row.name, options.rows):
                    _search(name, case, row, mode, measure)
    return 0


def _search(name: str, case: Case, row: Row, mode: str, measure: Measure) -> None:
    members = members_of(case, row, read().get(name, {}), mode, measure)

    def objective(trial: optuna.Trial) -> float:
        params = _suggest(trial, row, members)
        figures = measure.measure(fitted(row, params, measure, members))
        return figures[measure.metrics[0]].value

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=row.trials)
    with editing() as tuned:
        rows = tuned.setdefault(name, {}).setdefault(row.name, {})
        rows[mode] = {"params": study.best_params, measure.metrics[0]: study.best_value, "trials": row.trials}
    print(f"{case.title}, {row.name}, on {mode}: {study.best_params} {study.best_value:.4f}", flush=True)


def _suggest(trial: optuna.Trial, row: Row, members: Members) -> dict[str, Any]:
    # The first member has weight 1: only proportions matter.
    found: dict[str, Any] = {
        name: trial.suggest_float(name, 0.01, 5.0, log=True) for name in list(members)[1:]
    }
    for name, bounds in row.space.items():
        if isinstance(bounds, tuple):
            found[name] = trial.suggest_float(name, *bounds, log=True)
        else:
            found[name] = trial.suggest_categorical(name, bounds)
    return found


if __name__ == "__main__":
    sys.exit(main())
