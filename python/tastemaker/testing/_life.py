"""Checks of a model's life: parameters, training, copies and files."""

from __future__ import annotations

import copy
import html
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker.data import Dataset, IdMap
from tastemaker.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    NotFittedError,
    UnsupportedError,
)
from tastemaker.models.base import Recommender
from tastemaker.persistence import inspect, load
from tastemaker.testing._samples import (
    dataset,
    expect,
    fitted,
    fresh,
    interactions,
    n_items,
    n_users,
    refused,
    same,
    same_lists,
)

# Parameters


def parameters_are_stored_unchanged(model: Recommender) -> None:
    """``__init__`` stores arguments as they are; ``get_params`` and ``set_params`` agree; others are refused."""
    params = model.get_params()
    expect(fresh(model).get_params() == params, "a new model of the same parameters has the same parameters")
    expect(model.set_params(**params) is model, "set_params returns the model")
    with refused(ArgumentTypeError, "no argument `colour`", "set_params(colour=...)"):
        model.set_params(colour="red")


def fit_checks_every_parameter(model: Recommender) -> None:
    """Nothing is checked before ``fit``, which then names the parameter that is wrong."""
    for name in model.get_params():
        wrong = type(model)(**{**model.get_params(), name: object})
        expect(wrong.get_params()[name] is object, f"`{name}` is stored unchanged")
        with refused((ArgumentError, ArgumentTypeError), f"`{name}`", f"fit with {name}=object"):
            wrong.fit(interactions())


def a_configuration_makes_the_same_model(model: Recommender) -> None:
    """``from_config(to_config())`` has the same parameters, through the base class too; unknown names are refused."""
    config = model.to_config()
    expect(Recommender.from_config(config).to_config() == config, "the configuration comes back")
    expect(repr(type(model).from_config(config)) == repr(model), "the repr comes back")
    with refused(ArgumentTypeError, "no argument `colour`", "an unknown parameter"):
        Recommender.from_config({**config, "params": {"colour": 1}})


def the_notebook_shows_sizes_and_abilities(model: Recommender) -> None:
    """The HTML repr is escaped, and says what the model was fitted on and can do."""
    expect("not fitted" in model._repr_html_(), "an unfitted model says so")
    text = fitted(model)._repr_html_()
    expect(f"{n_users} x {n_items}" in text, "the shape is shown")
    expect(all(ability in text for ability in model.abilities), "the abilities are shown")
    expect(html.escape(repr(model)) in text, "the parameters are shown, escaped")


# Training


def an_unfitted_model_says_so(model: Recommender) -> None:
    """Every answer before ``fit`` is a ``NotFittedError``."""
    for name, call in (
        ("recommend", lambda: model.recommend(0)),
        ("score", lambda: model.score(0, 0)),
        ("rank", lambda: model.rank(0, 0)),
        ("n_users_", lambda: model.n_users_),
        ("recommend_batches", lambda: next(model.recommend_batches())),
    ):
        with refused(NotFittedError, "is not fitted yet", f"{name} before fit"):
            call()


def fit_forgets_the_earlier_fit(model: Recommender) -> None:
    """``fit`` returns the model, and a second one starts from nothing, on data of any size."""
    other = interactions(seed=5, n_users=12, n_items=9)
    twice = fresh(model)
    expect(twice.fit(interactions()) is twice, "fit returns the model")
    same_lists(twice.fit(other).recommend(n=3), fitted(model, other).recommend(n=3), "fitted once and twice")


def bad_data_is_refused(model: Recommender) -> None:
    """Empty, infinite, hand-broken and foreign data are refused, and leave the model as it was."""
    model = fitted(model)
    before = model.recommend(n=3)
    for matrix in (sp.csr_array((4, 3)), sp.csr_array((0, 3)), sp.csr_array((4, 0))):
        with refused(DataError, "at least one interaction", f"an empty matrix of shape {matrix.shape}"):
            model.fit(matrix)
    for value in (np.nan, np.inf, -np.inf):
        with refused(DataError, "must hold finite values", f"a weight of {value}"):
            model.fit(_broken(data=(7, value)))
    for text, matrix in (
        ("indptr", _broken(indptr=(3, 10_000))),
        ("indptr", _broken(indptr=(5, 0))),
        (f"column indices in [0, {n_items}), got {n_items}", _broken(indices=(2, n_items))),
        ("got -1", _broken(indices=(2, -1))),
    ):
        with refused(DataError, text, "a hand-broken matrix"):
            model.fit(matrix)
    for data in (None, [[1, 0]], np.eye(3), "events.csv"):
        with refused(ArgumentTypeError, "`data` must be a Dataset or a users x items", f"fit({data!r})"):
            model.fit(data)
    same_lists(model.recommend(n=3), before, "after fits that failed")


def any_form_of_the_same_data_gives_the_same_model(model: Recommender) -> None:
    """The format, order, index width and dtype of a sparse matrix do not matter, nor do entries in two parts."""
    X = interactions()
    coo = X.tocoo()
    order = np.random.default_rng(0).permutation(coo.nnz)
    twice = np.concatenate([order, np.arange(coo.nnz)])
    forms = {
        "csr_matrix": sp.csr_matrix(X),
        "csc": X.tocsc(),
        "shuffled": sp.coo_array((coo.data[order], tuple(c[order] for c in coo.coords)), shape=X.shape),
        "in halves": sp.coo_array((coo.data[twice] / 2, tuple(c[twice] for c in coo.coords)), shape=X.shape),
        "int64 indices": sp.csr_array(
            (X.data, X.indices.astype(np.int64), X.indptr.astype(np.int64)), shape=X.shape
        ),
        "float64": X.astype(np.float64),
        "int16": X.astype(np.int16),
    }
    want = fitted(model).recommend(n=6)
    for name, form in forms.items():
        same_lists(fitted(model, form).recommend(n=6), want, name)


def arguments_of_fit_are_checked(model: Recommender) -> None:
    """``progress`` and ``callback`` have their kinds."""
    with refused(ArgumentTypeError, "`progress` must be True, False or None", "progress='yes'"):
        fresh(model).fit(interactions(), progress="yes")  # type: ignore[arg-type]
    with refused(ArgumentTypeError, "`callback` must be callable", "callback=3"):
        fresh(model).fit(interactions(), callback=3)  # type: ignore[arg-type]


def partial_fit_grows_with_the_data(model: Recommender) -> None:
    """With "partial_fit", new users and items join and old ones keep their places; else it is refused."""
    model = fresh(model)
    start = Dataset.from_tuples([(f"u{u}", i) for u in range(9) for i in range(6) if (u * i + u) % 3])
    if "partial_fit" not in model.abilities:
        with refused(UnsupportedError, "cannot do partial_fit", "partial_fit"):
            model.partial_fit(start)
        return
    grown = start.extend([("new", 1), ("new", 77), ("u1", 77)])
    model.fit(start).partial_fit(grown)
    expect(
        (model.n_users_, model.n_items_) == (start.n_users + 1, start.n_items + 1), "one user and item more"
    )
    expect(len(model.recommend("new", n=3)) == 3, "the new user has a list")
    with refused(DataError, "must keep the", "data without known users"):
        model.partial_fit(start)


# Copies and files


def copies_answer_alike(model: Recommender) -> None:
    """A deep copy and a pickle of a fitted model give its answers."""
    model = fitted(model)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        same_lists(copied.recommend(n=5), model.recommend(n=5), "the copy's lists")


def files_bring_the_model_back(model: Recommender) -> None:
    """``load(save())`` has class, parameters, learned values, ids and answers, and can be saved and trained again."""
    with _folder() as folder:
        for data in (interactions(), dataset()):
            trained = fitted(model, data)
            trained.save(folder / "a")
            loaded = load(folder / "a")
            expect(type(loaded) is type(trained), "the class comes back")
            expect(loaded.to_config() == trained.to_config(), "the parameters come back")
            expect(inspect(folder / "a")["model"] == trained.to_config(), "the header names them")
            _same_state(learned_state(loaded), learned_state(trained))
            want = trained.recommend(n=8, output="arrays")
            same_lists(loaded.recommend(n=8, output="arrays"), want, "lists of the loaded model")
            loaded.save(folder / "a")  # over the file that it is mapped from
            _same_state(learned_state(load(folder / "a")), learned_state(trained))
            if "partial_fit" in model.abilities:
                again = loaded.partial_fit(data).recommend(n=5, output="arrays")
                want = trained.partial_fit(data).recommend(n=5, output="arrays")
                same_lists(again, want, "after training on")


def learned_state(model: Recommender) -> dict[str, Any]:
    """Return every fitted attribute as comparable arrays and plain values."""
    state: dict[str, Any] = {}
    for name, value in vars(model).items():
        if name == "models_":
            state |= {
                f"{part}/{k}": v for part, member in value.items() for k, v in learned_state(member).items()
            }
        elif name.endswith("_"):
            state[name] = value.ids if isinstance(value, IdMap) else value
    return state


def _same_state(got: dict[str, Any], want: dict[str, Any]) -> None:
    expect(got.keys() == want.keys(), f"learned attributes are {sorted(want)}, loaded {sorted(got)}")
    for name, value in want.items():
        if sp.issparse(value):
            for part in ("indptr", "indices", "data"):
                same(getattr(got[name], part), getattr(value, part), f"{name}.{part}")
        else:
            same(got[name], value, name)


def _broken(**parts: tuple[int, float]) -> sp.csr_array:
    """Return the sample with one entry of its arrays replaced, behind scipy's back."""
    X = interactions()
    for name, (at, value) in parts.items():
        getattr(X, name)[at] = value
    return X


@contextmanager
def _folder() -> Iterator[Path]:
    # On Windows a mapped file cannot be removed; what a model still holds goes with the process.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)
