"""The compiled steps of ALS against the numpy twin, entry by entry, at every SIMD level."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from tests.reference import als as twin

from tastemaker import _core
from tastemaker._validation import csr_parts
from tastemaker.models._alternation import padded

EPS = np.finfo(np.float32).eps
FACTORS = (1, 2, 7, 8, 13, 16, 17, 33, 64, 100, 130)
LENGTHS = (0, 1, 31, 32, 33, 1000)
ITEMS = 1200
PROBLEM = twin.Problem(reg=0.02, alpha=1.3, w0=0.4, nu=0.6)


@pytest.fixture(name="X")
def interactions(rng: np.random.Generator) -> sp.csr_array:
    """Rows of every length in LENGTHS with likes and dislikes."""
    dense = np.zeros((len(LENGTHS), ITEMS), np.float32)
    for row, length in zip(dense, LENGTHS, strict=True):
        row[rng.choice(ITEMS, length, replace=False)] = rng.choice([-2, 0.5, 1, 4], length)
    return sp.csr_array(dense)


SOLVERS = ({"cg_steps": 3}, {"block_size": 16}, {})


def table(rng: np.random.Generator, rows: int, factors: int) -> np.ndarray:
    side = padded(rows, factors)
    side[:, :factors] = rng.standard_normal((rows, factors), dtype=np.float32)
    return side


def solve(X, Y, start, factors, threads=1, problem=PROBLEM, *, in_axes=None, **solver):
    """Solve in the axes of the Gram matrix where asked for or conjugate gradients want it, and come back."""
    in_axes = "cg_steps" in solver if in_axes is None else in_axes
    gram = _core.als_gram(Y, factors, threads)
    axes = np.eye(len(gram), dtype=np.float32)
    Y, out = aligned(Y), aligned(start)
    if not solver:
        out[:] = np.nan  # the exact solver does not read it
    if in_axes:
        _core.als_diagonalise(gram, axes, factors, threads)
        _core.als_rotate([Y, out], axes, threads)
    core = _core.AlsProblem(problem.reg, problem.alpha, problem.w0, problem.nu)
    core_solver = _core.AlsSolver(**solver)
    matrix = _core.SparseMatrix(csr_parts(X))
    _core.als_half_epoch(matrix, Y, gram, out, factors, core, core_solver, threads)
    if in_axes:
        _core.als_rotate([out], np.ascontiguousarray(axes.T), threads)
    return out


def aligned(side):
    copy = padded(*side.shape)
    copy[:] = side
    return copy


def assert_near(got, want, X, Y, factors, passed=0.0, problem=PROBLEM):
    """Compare rows of factors; `passed` is the size of what an iteration passed through on its way.

    Forming A and b in fp32 and solving are backward stable: each row solves a system whose entries are off by at
    most (terms + factors) eps relative to the sums of sizes of their terms. The condition number carries that over
    to the solution; 256 terms is where the Gram matrix turns to fp64.
    """
    for row in range(X.shape[0]):
        A, _ = twin.system(X, row, Y[:, :factors].astype(np.float64), problem)
        terms = 256 + X[[row]].nnz + factors
        bound = terms * EPS * np.linalg.cond(A) * max(np.abs(want[row]).max(), passed)
        assert np.abs(got[row, :factors] - want[row]).max() <= bound
        assert (got[row, factors:] == 0).all()


@pytest.mark.parametrize("factors", FACTORS)
def test_exact_half_epoch(X, rng, factors, simd_level):
    Y, start = table(rng, ITEMS, factors), table(rng, len(LENGTHS), factors)
    got = solve(X, Y, start, factors)
    want = twin.half_epoch_exact(X, Y[:, :factors].astype(np.float64), PROBLEM)
    assert_near(got, want, X, Y, factors)


# Short rows are solved by a system of their own size where the weights allow it: not where an observed pair counts a
# thousand times as much as another, nor where it counts less.
@pytest.mark.parametrize(("alpha", "w0"), [(1.3, 0.4), (1.3, 5e-4), (0.5, 0.6), (0.8, 0.4)])
@pytest.mark.parametrize("factors", FACTORS)
def test_exact_half_epoch_in_axes(X, rng, factors, alpha, w0, simd_level):
    problem = twin.Problem(reg=0.02, alpha=alpha, w0=w0, nu=0.6)
    Y, start = table(rng, ITEMS, factors), table(rng, len(LENGTHS), factors)
    got = solve(X, Y, start, factors, problem=problem, in_axes=True)
    want = twin.half_epoch_exact(X, Y[:, :factors].astype(np.float64), problem)
    assert_near(got, want, X, Y, factors, problem=problem)
    for threads in (2, 3, 7):
        again = solve(X, Y, start, factors, threads, problem=problem, in_axes=True)
        np.testing.assert_array_equal(again, got)


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("factors", FACTORS)
def test_conjugate_gradients_take_the_same_steps(X, rng, factors, steps, simd_level):
    Y, start = table(rng, ITEMS, factors), table(rng, len(LENGTHS), factors)
    got = solve(X, Y, start, factors, cg_steps=steps)
    want = twin.half_epoch_cg(X, Y[:, :factors].astype(np.float64), start[:, :factors], PROBLEM, steps)
    assert_near(got, want, X, Y, factors, passed=np.abs(start).max())


@pytest.mark.parametrize("factors", [1, 7, 64, 100])
def test_many_steps_reach_the_exact_solution_and_stay(X, rng, factors, simd_level):
    Y, start = table(rng, ITEMS, factors), table(rng, len(LENGTHS), factors)
    got = solve(X, Y, start, factors, cg_steps=300)
    want = twin.half_epoch_exact(X, Y[:, :factors].astype(np.float64), PROBLEM)
    assert_near(got, want, X, Y, factors, passed=np.abs(start).max())


@pytest.mark.parametrize("block", [1, 16, 48, 1000])
@pytest.mark.parametrize("factors", FACTORS)
def test_blocks_are_solved_in_turn(X, rng, factors, block, simd_level):
    Y, start = table(rng, ITEMS, factors), table(rng, len(LENGTHS), factors)
    got = solve(X, Y, start, factors, block_size=block)
    whole = -(-block // 16) * 16
    want = twin.half_epoch_blocks(X, Y[:, :factors].astype(np.float64), start[:, :factors], PROBLEM, whole)
    assert_near(got, want, X, Y, factors, passed=np.abs(start).max())


@pytest.mark.parametrize("factors", FACTORS)
def test_gram(rng, factors, simd_level):
    Y = table(rng, 777, factors)
    got = _core.als_gram(Y, factors, 2)[:factors, :factors]
    exact = Y[:, :factors].astype(np.float64)
    # fp32 over blocks of 256 rows, one rounding of half an ulp of the partial sum per row.
    np.testing.assert_array_less(np.abs(got - exact.T @ exact), 128 * EPS * (np.abs(exact).T @ np.abs(exact)))


# Fewer rows than factors: a singular matrix. 400 factors are enough to keep a team of threads busy.
@pytest.mark.parametrize(("factors", "rows"), [(1, 9), (7, 777), (100, 777), (64, 50), (400, 50)])
def test_axes(rng, factors, rows, simd_level):
    Y = table(rng, rows, factors) * np.float32(0.99) ** np.arange(-(-factors // 16) * 16, dtype=np.float32)
    gram = _core.als_gram(aligned(Y), factors, 1)
    exact, axes = gram[:factors, :factors].copy(), np.eye(len(gram), dtype=np.float32)
    _core.als_diagonalise(gram, axes, factors, 1)
    Q, values = axes[:factors, :factors].astype(np.float64), np.diag(gram)[:factors]
    assert np.count_nonzero(gram - np.diag(np.diag(gram))) == 0
    assert (axes[factors:] == 0).all()
    assert (axes[:, factors:] == 0).all()
    # fp32 rotations, some ten per pair of axes; small eigenvalues come from an fp32 square root of the matrix.
    scale = np.abs(exact).max()
    np.testing.assert_allclose(Q.T @ Q, np.eye(factors), atol=2e-5)
    np.testing.assert_allclose(Q.T @ exact @ Q, np.diag(values), atol=2e-5 * scale)
    np.testing.assert_allclose(np.sort(values), np.linalg.eigvalsh(exact), atol=2e-5 * scale)
    for threads in (3, 7):
        again, other = _core.als_gram(aligned(Y), factors, 1), np.eye(len(gram), dtype=np.float32)
        _core.als_diagonalise(again, other, factors, threads)
        np.testing.assert_array_equal(other, axes)
        np.testing.assert_array_equal(again, gram)


def test_axes_from_a_good_start_are_the_same(rng):
    Y = table(rng, 500, 40)
    gram, axes = _core.als_gram(Y, 40, 1), np.eye(48, dtype=np.float32)
    _core.als_diagonalise(gram, axes, 40, 1)
    _core.als_rotate([Y], axes, 1)
    turned, inverse = _core.als_gram(Y, 40, 1), axes.copy()
    _core.als_diagonalise(turned, inverse, 40, 1)  # already diagonal: only the order may change
    np.testing.assert_allclose(np.sort(np.diag(turned)), np.sort(np.diag(gram)), rtol=1e-5)


@pytest.mark.parametrize("factors", [1, 13, 64])
def test_objective(X, rng, factors, simd_level, threads):
    U, V = 0.3 * table(rng, len(LENGTHS), factors), 0.3 * table(rng, ITEMS, factors)
    grams = [_core.als_gram(side, factors, threads) for side in (U, V)]
    core = _core.AlsProblem(PROBLEM.reg, PROBLEM.alpha, PROBLEM.w0, PROBLEM.nu)
    matrices = [_core.SparseMatrix(csr_parts(m)) for m in (X, X.T.tocsr())]
    got = _core.als_objective(*matrices, U, V, *grams, factors, core, threads)
    want = twin.loss(X, U[:, :factors].astype(np.float64), V[:, :factors].astype(np.float64), PROBLEM)
    # Scores are fp32 sums of `factors` terms; the squares and what is summed over pairs are fp64.
    assert got == pytest.approx(want, rel=float((factors + 128) * EPS))


def test_pattern_matrices_are_all_ones(X, rng):
    Y, start = table(rng, ITEMS, 9), table(rng, len(LENGTHS), 9)
    ones = sp.csr_array((np.ones_like(X.data), X.indices, X.indptr), shape=X.shape)
    indptr, indices, _, cols = csr_parts(ones)
    gram = _core.als_gram(Y, 9, 1)
    problem = _core.AlsProblem(0.1, 1.0, 0.5, 1.0)
    for solver in SOLVERS:
        results = []
        for values in (np.ones(len(indices), np.float32), None):
            out = start.copy()
            matrix = _core.SparseMatrix((indptr, indices, values, cols))
            _core.als_half_epoch(matrix, Y, gram, out, 9, problem, _core.AlsSolver(**solver), 1)
            results.append(out)
        np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_row_does_not_depend_on_the_others(X, rng, solver, simd_level):
    Y, start = table(rng, ITEMS, 20), table(rng, len(LENGTHS), 20)
    together = solve(X, Y, start, 20, **solver)
    for row in range(len(LENGTHS)):
        alone = solve(X[[row]], Y, np.ascontiguousarray(start[[row]]), 20, **solver)
        np.testing.assert_array_equal(alone[0], together[row])


def test_memory_safety_of_the_binding(X, rng):
    Y, start = table(rng, ITEMS, 5), table(rng, len(LENGTHS), 5)
    matrix, gram = _core.SparseMatrix(csr_parts(X)), _core.als_gram(Y, 5, 1)
    problem = _core.AlsProblem(0.1, 1.0, 1.0, 1.0)
    good = {"x": matrix, "y": Y, "gram": gram, "out": start.copy()}
    rest = {"factors": 5, "problem": problem, "solver": _core.AlsSolver(cg_steps=3), "threads": 1}
    _core.als_half_epoch(**good, **rest)
    for wrong in (
        {"y": Y[:-1]},
        {"y": table(rng, ITEMS, 17)},
        {"gram": gram[:-1]},
        {"out": start[:-1].copy()},
        {"out": table(rng, len(LENGTHS), 17)},
        {"x": _core.SparseMatrix(csr_parts(X[:, :50]))},
    ):
        with pytest.raises(ValueError, match=r"half epoch|Gram"):
            _core.als_half_epoch(**(good | wrong), **rest)
    for factors in (0, -1, 17):
        with pytest.raises(ValueError, match="padded"):
            _core.als_half_epoch(**good, **(rest | {"factors": factors}))
    axes = np.eye(16, dtype=np.float32)
    narrow = np.zeros((5, 5), dtype=np.float32)
    for tables, wrong_axes in (([Y, table(rng, 3, 17)], axes), ([Y], axes[:-1]), ([narrow], narrow)):
        with pytest.raises(ValueError, match="as wide as"):
            _core.als_rotate(tables, wrong_axes, 1)
    for solver in ({"cg_steps": -1}, {"block_size": -1}):
        with pytest.raises(ValueError, match="must not be negative"):
            _core.AlsSolver(**solver)
    with pytest.raises(ValueError, match="indptr"):
        _core.SparseMatrix((np.array([0, 99]), np.array([1], np.int32), None, 4))


@pytest.mark.parametrize("columns", [2**40, -(2**31) - 1, 1.5, "x", None])
def test_columns_that_are_no_32_bit_integer_are_refused(columns):
    parts = (np.array([0, 1]), np.array([0], np.int32), None, columns)
    with pytest.raises(ValueError, match="columns of a CSR matrix must be an integer of 32 bits"):
        _core.SparseMatrix(parts)
