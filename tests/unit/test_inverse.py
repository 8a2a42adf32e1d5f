"""The inverse of large matrices: the same by halves as by LAPACK, and told when there is none."""

from __future__ import annotations

import numpy as np
import pytest

from tastemaker.models import _inverse


def positive(rng: np.random.Generator, n: int) -> np.ndarray:
    X = rng.random((n + 20, n))
    return (X.T @ X + n * np.eye(n)).astype(np.float32)


@pytest.fixture(params=[7, 40, 10_000], ids="largest={}".format)
def small_parts(request, monkeypatch):
    for name, size in (("_LAPACK", request.param), ("_STRIP", 13), ("_TILE", 9)):
        monkeypatch.setattr(_inverse, name, size)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("n", [1, 7, 8, 41, 120])
def test_a_matrix_times_its_inverse_is_one(rng, n):
    S = positive(rng, n)
    want = np.linalg.inv(S.astype(np.float64))
    S[np.tril_indices(n, -1)] = np.nan  # not to be read
    assert _inverse.invert(S)
    np.testing.assert_allclose(S, want, rtol=0, atol=2e-6 * np.abs(want).max())
    np.testing.assert_array_equal(S, S.T)


def test_lapack_never_sees_a_large_matrix(rng, monkeypatch):
    monkeypatch.setattr(_inverse, "_LAPACK", 30)
    seen = []
    spotrf = _inverse.lapack.spotrf
    monkeypatch.setattr(
        _inverse.lapack, "spotrf", lambda a, **rest: (seen.append(len(a)), spotrf(a, **rest))[1]
    )
    assert _inverse.invert(positive(rng, 100))
    assert seen == [25, 25, 25, 25]


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("at", [0, 25, 59])
def test_a_matrix_without_an_inverse_is_told(rng, at):
    S = positive(rng, 60)
    S[at, at] = -1
    assert not _inverse.invert(S)
