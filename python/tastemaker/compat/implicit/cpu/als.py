"""Alternating least squares on the CPU."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar, Literal, Self, TypeAlias, TypeVar

import numpy as np
import scipy.linalg

from tastemaker._runtime import config
from tastemaker._validation import check_finite, check_float, check_int, friendly
from tastemaker.compat._words import in_words
from tastemaker.compat.implicit import _files
from tastemaker.compat.implicit._arguments import (
    Asked,
    check_callback,
    dtype_of,
    index_array,
    max_size,
    rows_for,
    thread_count,
    words,
)
from tastemaker.compat.implicit.cpu._equations import (
    item_factor,
    least_squares,
    least_squares_cg,
    user_factor,
    user_linear_equation,
)
from tastemaker.compat.implicit.cpu._native import _ALS, solver_against
from tastemaker.compat.implicit.cpu.matrix_factorization_base import Factors, MatrixFactorizationBase, Side
from tastemaker.compat.implicit.utils import check_csr, check_random_state, nonzeros
from tastemaker.errors import ArgumentError, FormatError, ModelFitError
from tastemaker.models._training import TrainingState

__all__ = [
    "AlternatingLeastSquares",
    "item_factor",
    "least_squares",
    "least_squares_cg",
    "user_factor",
    "user_linear_equation",
]

Moved = TypeVar("Moved")
Callback: TypeAlias = Callable[[int, float, float | None], Any]

#: Plain values of a file, by name, with their types.
_saved: dict[str, type] = {
    "regularization": float,
    "factors": int,
    "num_threads": int,
    "iterations": int,
    "use_native": bool,
    "use_cg": bool,
    "cg_steps": int,
    "calculate_training_loss": bool,
    "alpha": float,
}


class AlternatingLeastSquares(MatrixFactorizationBase):
    """Matrix factorisation for implicit feedback by alternating least squares; `tastemaker.ALS` at work.

    Minimises ``sum_ui c (p - x_u.y_i)^2 + regularization (sum_u |x_u|^2 + sum_i |y_i|^2)``. A stored value v has the
    confidence ``c = alpha |v|`` and the preference p = 1 if v > 0, 0 (a dislike) if v < 0. All others: c = 1, p = 0.

    Parameters
    ----------
    factors : int, default 100
    regularization : float, default 0.01
    alpha : float, default 1.0
    dtype : dtype, default float32
        Of the factors: float32 or float64. Training computes in float32 either way.
    use_native : bool, default True
        Accepted and not used: there is one engine.
    use_cg : bool, default True
        Three steps of conjugate gradients per row and iteration (see the attribute ``cg_steps``); False solves
        each row exactly.
    iterations : int, default 15
    calculate_training_loss : bool, default False
    num_threads : int, default 0
        0 uses every CPU that the container allows.
    random_state : int, RandomState, Generator or None

    Attributes
    ----------
    user_factors, item_factors : ndarray (n, factors)
        ``fit`` goes on from them if they are there; set both to None to start anew.
    YtY, XtX : ndarray (factors, factors)
        ``item_factors.T @ item_factors``, and the same of the users.
    cg_steps : int, 3
    fit_callback : callable or None
        Used by ``fit`` where no callback is given.

    Examples
    --------
    >>> from scipy.sparse import csr_matrix
    >>> from tastemaker.compat.implicit.als import AlternatingLeastSquares
    >>> likes = csr_matrix([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [0, 1, 1, 1]])
    >>> model = AlternatingLeastSquares(factors=2, random_state=0)
    >>> model.fit(likes, show_progress=False)
    >>> ids, scores = model.recommend(0, likes[0], N=1)
    >>> ids
    array([2], dtype=int32)
    """

    _device: ClassVar[Literal["cpu", "cuda"]] = "cpu"

    @friendly
    def __init__(
        self,
        factors: int = 100,
        regularization: float = 0.01,
        alpha: float = 1.0,
        dtype: Any = np.float32,
        use_native: bool = True,
        use_cg: bool = True,
        iterations: int = 15,
        calculate_training_loss: bool = False,
        num_threads: int = 0,
        random_state: Any = None,
    ) -> None:
        super().__init__(num_threads=num_threads)
        self.factors = factors
        self.regularization = regularization
        self.alpha = alpha
        self.dtype = dtype_of(dtype)
        self.use_native = use_native
        self.use_cg = use_cg
        self.iterations = iterations
        self.calculate_training_loss = calculate_training_loss
        self.random_state = random_state
        self.cg_steps = 3
        self.fit_callback: Callback | None = None

    @friendly
    def fit(self, user_items: Any, show_progress: bool = True, callback: Callback | None = None) -> None:
        """Train, from the present factors where there are any; rows and columns that are new start at random.

        Parameters
        ----------
        user_items : sparse matrix
            Users x items.
        show_progress : bool, default True
        callback : callable, optional
            Called as ``callback(iteration, seconds, loss)``, iterations from 0; the model then has that iteration's
            factors. The loss is None without ``calculate_training_loss``.

        Raises
        ------
        ModelFitError
            Factors stopped being finite; each row keeps its last finite ones.
        """
        report = callback or self.fit_callback
        check_callback(report)
        matrix = check_csr(user_items)
        native = _ALS(
            factors=check_int("factors", self.factors, low=1),
            epochs=check_int("iterations", self.iterations, low=1),
            compute_loss=bool(self.calculate_training_loss),
            solver="cg" if self.use_cg else "cholesky",
            cg_steps=check_int("cg_steps", self.cg_steps, low=1),
            device=self._device,
            **self._objective(),
        )
        native.start = self._start(matrix.shape)
        terms = (
            self.alpha * float(np.abs(matrix.data).sum(dtype=np.float64)) + np.prod(matrix.shape) - matrix.nnz
        )

        def take(model: Any) -> None:
            self.user_factors = model.user_factors_.astype(self.dtype, copy=False)
            self.item_factors = model.item_factors_.astype(self.dtype, copy=False)

        def after_iteration(state: TrainingState) -> None:
            take(state.model)
            if report is not None:
                report(state.epoch - 1, state.seconds, None if state.loss is None else state.loss / terms)

        try:
            threads = thread_count(self.num_threads)
            with in_words(words):
                watch = None if report is None else after_iteration  # which takes a copy of the factors
                native.fit(matrix, progress=bool(show_progress), callback=watch, threads=threads)
        except ModelFitError as error:
            raise ModelFitError(
                f"NaN or infinity encountered in factors. Raise `regularization` ({self.regularization:g}), or lower "
                f"`alpha` ({self.alpha:g}) or the weights."
            ) from error
        finally:
            if native.__sklearn_is_fitted__():
                take(native)

    def recalculate_user(self, userid: Any, user_items: Any) -> Factors:
        """Return the exact factors of users from their interactions; nothing is stored.

        Parameters
        ----------
        userid : int or sequence of int
            How many, and whether the answer is 1-d; which ones does not matter.
        user_items : sparse matrix
            One row each.
        """
        return self._recalculated("items", Asked.of("userid", userid), "user_items", user_items)

    def recalculate_item(self, itemid: Any, item_users: Any) -> Factors:
        """Return the exact factors of items from the users who liked them; as ``recalculate_user``."""
        return self._recalculated("users", Asked.of("itemid", itemid), "item_users", item_users)

    def partial_fit_users(self, userids: Any, user_items: Any) -> None:
        """Store recalculated factors of users, known or new.

        Parameters
        ----------
        userids : sequence of int
            Beyond the known users, ``user_factors`` grows; users in between get zeros.
        user_items : sparse matrix
            One row each.
        """
        ids = index_array("userids", userids, max_size)
        self._update("users", ids, self.recalculate_user(ids, user_items))

    def partial_fit_items(self, itemids: Any, item_users: Any) -> None:
        """Store recalculated factors of items, known or new; as ``partial_fit_users``."""
        ids = index_array("itemids", itemids, max_size)
        self._update("items", ids, self.recalculate_item(ids, item_users))

    @friendly
    def explain(
        self, userid: int, user_items: Any, itemid: int, user_weights: Any = None, N: int = 10
    ) -> tuple[float, list[tuple[int, float]], Any]:
        """Return what each item that a user liked adds to the score of an item.

        Parameters
        ----------
        userid : int
            Row of ``user_items``.
        user_items : sparse matrix
            The whole users x items matrix.
        itemid : int
        user_weights : optional
            The third part of an earlier answer for the same user; saves most of the work.
        N : int, default 10

        Returns
        -------
        total_score : float
        top_contributions : list of (item, contribution)
            The N largest, largest first.
        user_weights : tuple
            Cholesky factor of the user's system.
        """
        Y = self._of("items")
        likes = self.alpha * rows_for("user_items", user_items, user_items.shape[0], len(Y))
        user, item = (
            Asked.of("userid", userid, likes.shape[0]).ids,
            Asked.of("itemid", itemid, len(Y)).ids,
        )
        if user_weights is None:
            A, _ = user_linear_equation(Y, self.YtY, likes, int(user[0]), self.regularization, Y.shape[1])
            user_weights = scipy.linalg.cho_factor(A)
        query = scipy.linalg.cho_solve(user_weights, Y[item[0]])
        parts = [(int(i), float(c * (query @ Y[i]))) for i, c in nonzeros(likes, user[0]) if c > 0]
        best = sorted(parts, key=lambda part: (-part[1], part[0]))[: check_int("N", N, low=1)]
        return sum(score for _, score in parts), best, user_weights

    @property
    def solver(self) -> Callable[..., None]:
        """The function that improves one side: ``solver(Cui, X, Y, regularization, num_threads)``."""
        return functools.partial(least_squares_cg, cg_steps=self.cg_steps) if self.use_cg else least_squares

    @property
    def YtY(self) -> Factors:
        """``item_factors.T @ item_factors``."""
        return self._gram("items")

    @property
    def XtX(self) -> Factors:
        """``user_factors.T @ user_factors``."""
        return self._gram("users")

    def to_gpu(self) -> Any:
        """Return a model with the same parameters and factors that trains on a GPU; UnsupportedError without one."""
        from tastemaker.compat.implicit.gpu import als as gpu_als

        return self._moved_to(gpu_als.AlternatingLeastSquares)

    def save(self, file: Any) -> None:
        """Write the model to a ``.npz`` file in implicit's layout, which implicit loads.

        Parameters
        ----------
        file : path or binary file
            ``.npz`` is added to a path without it.
        """
        seed = self.random_state if isinstance(self.random_state, (int, np.integer)) else None
        values = {name: kind(getattr(self, name)) for name, kind in _saved.items()}
        factors = {"user_factors": self.user_factors, "item_factors": self.item_factors}
        _files.write(file, {**factors, **values, "dtype": self.dtype.name, "random_state": seed})

    @classmethod
    def load(cls, fileobj_or_path: Any) -> Self:
        """Return the model of a file that ``save`` or implicit wrote; nothing in it is executed.

        Raises
        ------
        FileError, FormatError
            The file cannot be read; it is cut, of another model, or contradicts itself.
        """
        layout = {*_saved, "user_factors", "item_factors", "dtype", "random_state"}
        values = _files.read(fileobj_or_path, layout)
        model = cls(
            random_state=_files.take(values, "random_state", int, 0) if "random_state" in values else None
        )
        for name, kind in _saved.items():
            setattr(model, name, _files.take(values, name, kind, getattr(model, name)))
        model.dtype = np.dtype("float64" if values.get("dtype") == "float64" else "float32")
        for name in ("user_factors", "item_factors"):
            if name in values:
                setattr(model, name, _checked_factors(name, values[name], model))
        return model

    def _moved_to(self, kind: Callable[[], Moved]) -> Moved:
        moved = kind()
        moved.__dict__.update(self.__getstate__())
        return moved

    def _objective(self) -> dict[str, Any]:
        """Return the parameters of the native model that make its objective this one's."""
        return {
            "reg": check_float("regularization", self.regularization, low=0),
            "alpha": check_float("alpha", self.alpha, low=0, open_low=True),
            "unobserved_weight": 1.0,
            "nu": 0.0,
        }

    def _start(self, shape: tuple[int, int]) -> tuple[Factors, Factors]:
        """Return the present factors of both sides, and random ones for rows that have none."""
        if self.dtype not in (np.float32, np.float64):
            raise ArgumentError(f"`dtype` must be float32 or float64, got {self.dtype}.")
        rng = check_random_state(self.random_state)
        return self._grown("users", shape[0], rng), self._grown("items", shape[1], rng)

    def _grown(self, side: Side, rows: int, rng: np.random.Generator) -> Factors:
        present = self._to_go_on(side, rows, self.factors)
        known = 0 if present is None else len(present)
        # implicit's distribution, drawn in its order: the same seed starts both at the same factors.
        new = rng.random((rows - known, self.factors), dtype=self.dtype.type) * self.dtype.type(0.01)
        return new if present is None else np.concatenate([present, new])

    def _recalculated(self, given: Side, asked: Asked, name: str, interactions: Any) -> Factors:
        """Return rows solved against the factors of the given side."""
        table, derived = self._of(given), self._derived[given]
        rows = rows_for(name, interactions, len(asked.ids), len(table))
        if "solver" not in derived:
            derived["solver"] = solver_against(table)
        solver: _ALS = derived["solver"].set_params(**self._objective())
        with config(threads=thread_count(self.num_threads)):
            factors: Factors = solver.fold_in(rows).astype(self.dtype)
        return factors[0] if asked.single else factors

    def _gram(self, side: Side) -> Factors:
        derived = self._derived[side]
        if "gram" not in derived:
            derived["gram"] = self._of(side).T @ self._of(side)
        gram: Factors = derived["gram"]
        return gram


def _checked_factors(name: str, factors: Any, model: AlternatingLeastSquares) -> Factors:
    if not isinstance(factors, np.ndarray) or factors.dtype.kind != "f" or factors.ndim != 2:
        raise FormatError(f"`{name}` in the file must be a 2-d array of floats.")
    if factors.shape[1] != model.factors:
        raise FormatError(f"`{name}` in the file must have {model.factors} columns, got {factors.shape[1]}.")
    check_finite(name, factors)
    return factors.astype(model.dtype, copy=False)
