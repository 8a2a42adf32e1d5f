"""What catches what."""

from __future__ import annotations

import pickle

import pytest

from tastemaker import errors


@pytest.mark.parametrize(
    ("ours", "builtin"),
    [
        (errors.ArgumentError, ValueError),
        (errors.ArgumentTypeError, TypeError),
        (errors.DataError, ValueError),
        (errors.UnknownIdError, KeyError),
        (errors.NotFittedError, ValueError),
        (errors.NotFittedError, AttributeError),
        (errors.ModelFitError, ArithmeticError),
        (errors.UnsupportedError, NotImplementedError),
        (errors.MissingLibraryError, ImportError),
    ],
)
def test_each_exception_is_ours_and_a_builtin(ours, builtin):
    assert issubclass(ours, errors.TastemakerError)
    assert issubclass(ours, builtin)


@pytest.mark.parametrize(
    "warning", [errors.DataWarning, errors.ConvergenceWarning, errors.PerformanceWarning]
)
def test_each_warning_is_a_user_warning(warning):
    assert issubclass(warning, UserWarning)


def test_all_lists_every_class_and_each_has_a_docstring():
    classes = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert set(errors.__all__) == classes
    assert all(getattr(errors, name).__doc__ for name in classes)


def test_an_unknown_id_prints_its_message_without_quotes():
    assert str(errors.UnknownIdError("user 'a' is unknown")) == "user 'a' is unknown"
    assert str(errors.UnknownIdError()) == ""


@pytest.mark.parametrize("name", [n for n in errors.__all__ if n.endswith("Error")])
def test_exceptions_cross_processes(name):
    error = pickle.loads(pickle.dumps(getattr(errors, name)("what happened")))
    assert str(error) == "what happened"
