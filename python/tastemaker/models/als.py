"""ALS: implicit alternating least squares."""

from __future__ import annotations

import logging
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse as sp

from tastemaker import _core
from tastemaker._runtime import generator, num_threads
from tastemaker._validation import check_bool, check_choice, check_float, check_int, csr_parts
from tastemaker.data import Dataset
from tastemaker.errors import ArgumentError, ArgumentTypeError, ModelFitError, UnsupportedError
from tastemaker.models._alternation import Alternation, Factors, padded, without_padding
from tastemaker.models._cuda import CudaAlternation, missing, most_factors
from tastemaker.models._fitting import request
from tastemaker.models._inputs import new_users
from tastemaker.models._training import Training, kept
from tastemaker.models.base import Recommender
from tastemaker.retrieval import DenseScorer

_log = logging.getLogger("tastemaker")


class ALS(Recommender):
    """Matrix factorisation for implicit feedback by weighted alternating least squares (iALS).

    Minimises, over user factors x and item factors y,

    ``sum_observed alpha |v| (p - x.y)^2 + w0 sum_others (x.y)^2 + sum_users r(u) |x_u|^2 + sum_items r(i) |y_i|^2``

    where v is a pair's weight, p its preference (1 for v > 0, 0 for a dislike, v < 0), w0 the ``unobserved_weight``
    and ``r = reg * (n + w0 * rows of the other side)^nu`` the ridge of a row with n observed pairs. Users or items
    without interactions get zero factors. Results do not depend on the number of threads.

    Parameters
    ----------
    factors : int, default 64
        Length of the factor vectors, >= 1; may exceed the number of items. More fit finer tastes, cost more time
        (linear for "cg") and want more ``reg``. Multiples of 16 use the CPU best.
    epochs : int, default 15
        Passes over users and items, >= 1.
    reg : float, default 0.01
        Ridge, >= 0. Raise it against overfitting. The default is within 3 % of the best NDCG@10 that a grid of
        reg and unobserved_weight found on MovieLens-1M, Last.fm-2K (80/20 splits) and Gowalla (its published split),
        and within 12 % on MovieLens-100K, which likes twice as much.
    alpha : float, default 1.0
        Confidence of an observed pair per unit of its weight, > 0. Raise it to trust what was observed more.
    unobserved_weight : float, optional
        Confidence w0 of the pairs that were not observed, >= 0; 1 is the original's. The default is the mean
        confidence of the observed pairs times sqrt(density): the best w0 of each of those data sets, whose densities
        differ 70-fold and mean weights 700-fold, lies within a factor of two of it. The scale of the weights does not
        matter then, but heavy tails do: take log1p of counts first.
    nu : float, default 1.0
        Exponent of the ridge, >= 0. At 1 frequent rows are shrunk as much as rare ones, which ranks better; 0 is
        the original, constant ridge.
    solver : {"cg", "cholesky", "ials++"}
        "cg" improves each row by a few steps of conjugate gradients from where the last epoch left it; "cholesky"
        solves each row exactly, to the rounding of float32 and to the same quality in the end: at some three times the
        cost where the weights are near ``unobserved_weight``, so that conjugate gradients get there, and elsewhere by
        the factors of its matrix at up to ``factors / 24`` times; "ials++" solves blocks of a row's factors in turn,
        each exactly, at some ``block_size / 24`` times the cost.
    cg_steps : int, default 2
        Steps of "cg" per row and epoch, >= 1. The steps are preconditioned: two end at a lower loss than three of the
        plain method.
    block_size : int, default 64
        Factors that "ials++" solves together, >= 1, rounded up to a multiple of 16. From ``factors`` on it is
        "cholesky"; smaller blocks make cheaper epochs, of which it takes more.
    init_std : float, default 0.1
        Factors start as N(0, (init_std / sqrt(factors))^2), > 0.
    compute_loss : bool, default False
        Compute the objective after each epoch, for ``history_`` and the callback; costs about a sixth of an epoch.
    device : {"cpu", "auto", "cuda"}
        Where training computes: "cuda" on an NVIDIA GPU, through the package tastemaker-cuda (up to 1024 factors,
        "cg" and "cholesky"), "auto" there if it can and else on the CPU, with a line in the log. The default gives
        the same model on every machine. A model is the same thing wherever it was trained.
    rng : int, SeedSequence, Generator or None
        Source of the starting factors.

    Attributes
    ----------
    user_factors_ : ndarray of float32, (users, factors)
    item_factors_ : ndarray of float32, (items, factors)
    unobserved_weight_ : float
        The w0 in use.
    history_ : list of dict
        ``epoch``, ``seconds`` and ``loss`` (None unless ``compute_loss``).

    Raises
    ------
    ModelFitError
        By ``fit`` and ``partial_fit``, when factors stop being finite. The complete epochs stay, and what
        the one that failed improved: each row is of the last epoch or of this one, and finite.
    UnsupportedError
        By the same, with ``device="cuda"``, where the device cannot be used; the message says why.

    References
    ----------
    Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback Datasets. ICDM 2008.
    Takács, Pilászy, Tikk: Applications of the Conjugate Gradient Method for Implicit Feedback. RecSys 2011.
    Rendle, Krichene, Zhang, Koren: iALS++: Speeding up Matrix Factorization with Subspace Optimization. 2021.
    Rendle, Krichene, Zhang, Koren: Revisiting the Performance of iALS on Item Recommendation Benchmarks. RecSys 2022.

    Examples
    --------
    >>> import tastemaker as tm
    >>> from scipy.sparse import csr_array
    >>> X = csr_array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1], [0, 1, 1, 1]])
    >>> model = tm.ALS(factors=2, rng=0).fit(X)
    >>> ids, scores = model.recommend(0, n=1)
    >>> ids
    array([2], dtype=int32)
    """

    abilities: ClassVar[frozenset[str]] = frozenset(
        {"explain", "fold_in", "partial_fit", "similar_items", "similar_users"}
    )
    _learned = {  # noqa: RUF012
        "user_factors_": ("users", "factors"),
        "item_factors_": ("items", "factors"),
    }

    _preconditioned = True

    user_factors_: Factors
    item_factors_: Factors

    def __init__(
        self,
        *,
        factors: int = 64,
        epochs: int = 15,
        reg: float = 0.01,
        alpha: float = 1.0,
        unobserved_weight: float | None = None,
        nu: float = 1.0,
        solver: Literal["cg", "cholesky", "ials++"] = "cg",
        cg_steps: int = 2,
        block_size: int = 64,
        init_std: float = 0.1,
        compute_loss: bool = False,
        device: Literal["cpu", "auto", "cuda"] = "cpu",
        rng: Any = None,
    ) -> None:
        self.factors = factors
        self.epochs = epochs
        self.reg = reg
        self.alpha = alpha
        self.unobserved_weight = unobserved_weight
        self.nu = nu
        self.solver = solver
        self.cg_steps = cg_steps
        self.block_size = block_size
        self.init_std = init_std
        self.compute_loss = compute_loss
        self.device = device
        self.rng = rng

    def _check_params(self) -> None:
        check_int("factors", self.factors, low=1)
        check_int("epochs", self.epochs, low=1)
        check_float("reg", self.reg, low=0)
        check_float("alpha", self.alpha, low=0, open_low=True)
        if self.unobserved_weight is not None:
            check_float("unobserved_weight", self.unobserved_weight, low=0)
        check_float("nu", self.nu, low=0)
        check_choice("solver", self.solver, ("cg", "cholesky", "ials++"))
        check_int("cg_steps", self.cg_steps, low=1)
        check_int("block_size", self.block_size, low=1)
        check_float("init_std", self.init_std, low=0, open_low=True)
        check_bool("compute_loss", self.compute_loss)
        check_choice("device", self.device, ("cpu", "auto", "cuda"))
        generator(self.rng)

    def _fit(self, X: sp.csr_array, run: Training) -> None:
        self._alternate(X, run)

    def _partial_fit(self, X: sp.csr_array, run: Training) -> None:
        width = self.item_factors_.shape[1]
        if self.factors != width:
            raise ArgumentError(
                f"`factors` of `ALS` must be {width} as in the last fit, got {self.factors}. Call fit to start anew."
            )
        self._alternate(X, run, resume=True)

    def _start(self, shape: tuple[int, int]) -> tuple[Factors, Factors]:
        """Return padded random factors of both sides."""
        rng, sides = generator(self.rng), []
        for rows in shape:
            side = padded(rows, self.factors)
            for begin in range(0, rows, 128):  # the same numbers as at once, without a second table
                part = side[begin : begin + 128, : self.factors]
                part[:] = rng.standard_normal(part.shape, dtype=np.float32)
            side *= self.init_std / np.sqrt(self.factors)
            sides.append(side)
        return sides[0], sides[1]

    def _resume(self, shape: tuple[int, int]) -> tuple[Factors, Factors]:
        """Return the padded factors of both sides; new rows start as `_start` has them."""
        users, items = self._start(shape)
        for side, known in ((users, self.user_factors_), (items, self.item_factors_)):
            side[: len(known), : self.factors] = known
        return users, items

    def _alternate(self, X: sp.csr_array, run: Training, *, resume: bool = False) -> None:
        """Train, from the present factors or anew."""
        start = self._resume if resume else self._start
        state = self._state(X, *start(X.shape), run.threads)
        try:
            for epoch in run.epochs(self.epochs):
                try:
                    state.epoch()
                except _core.NumericalError as error:
                    raise self._failure(error, X, epoch) from error
                if self.compute_loss:
                    run.record(loss=state.loss())
                if run.watched:
                    self._hide()  # so that two copies never meet
                    self._show(state.in_axes())
        finally:
            self._show(state.factors())

    def _state(
        self, X: sp.csr_array, users: Factors, items: Factors, threads: int
    ) -> Alternation | CudaAlternation:
        """Return the training state where `device` wants it."""
        w0 = self._weight_of(X)
        if self.device != "cpu":
            try:
                return self._on_device(X, users, items, w0)
            except UnsupportedError as error:
                if self.device == "cuda":
                    raise
                _log.info("ALS(device='auto') trains on the CPU: %s", error)
        return Alternation(X, users, items, self._problem(w0), self.factors, self._row_solver(), threads)

    def _on_device(self, X: sp.csr_array, users: Factors, items: Factors, w0: float) -> CudaAlternation:
        if self.solver == "ials++":
            raise UnsupportedError("`device` of `ALS` must be 'cpu' for solver='ials++', got 'cuda'.")
        if self.factors > most_factors:
            raise UnsupportedError(
                f"`factors` of `ALS` must be at most {most_factors} with device='cuda', got {self.factors}."
            )
        if reason := missing():
            raise UnsupportedError(f"`device` of `ALS` cannot be 'cuda' here: {reason}. Pass device='cpu'.")
        return CudaAlternation(
            X,
            users,
            items,
            {"reg": self.reg, "alpha": self.alpha, "unobserved_weight": w0, "nu": self.nu},
            self.factors,
            cg_steps=self.cg_steps if self.solver == "cg" else 0,
            preconditioned=self._preconditioned,
        )

    def _hide(self) -> None:
        for name in self._learned:
            self.__dict__.pop(name, None)

    def _show(self, factors: tuple[Factors, Factors]) -> None:
        # One step, so that Ctrl-C cannot part the two.
        self.__dict__.update(zip(self._learned, factors, strict=True))

    @property
    @request  # or the cache of a new training might get the weight of the old
    def unobserved_weight_(self) -> float:
        """Confidence of the pairs that were not observed in training."""
        self._fitted()
        if "unobserved_weight" not in self._cache:
            self._cache["unobserved_weight"] = self._weight_of(self.seen_)
        weight: float = self._cache["unobserved_weight"]
        return weight

    def _weight_of(self, X: sp.csr_array) -> float:
        if self.unobserved_weight is not None:
            return float(self.unobserved_weight)
        rows, cols = X.shape
        mean = float(np.abs(X.data).mean(dtype=np.float64))
        return self.alpha * mean * float(np.sqrt(X.nnz / (rows * cols)))

    def _row_solver(self) -> _core.AlsSolver:
        if self.solver == "cg":
            return _core.AlsSolver(cg_steps=self.cg_steps, preconditioned=self._preconditioned)
        # A block of more factors than there are would be the same block, and might not fit the core's integers.
        block = min(self.block_size, self.factors) if self.solver == "ials++" else 0
        return _core.AlsSolver(block_size=block)

    def _problem(self, unobserved_weight: float) -> _core.AlsProblem:
        return _core.AlsProblem(self.reg, self.alpha, unobserved_weight, self.nu)

    def _failure(self, error: Exception, X: sp.csr_array, epoch: int) -> ModelFitError:
        return ModelFitError(
            f"Epoch {epoch + 1} of `ALS` failed: {error}. Raise `reg` ({self.reg:g}), or lower `alpha` "
            f"({self.alpha:g}) or the weights (up to {abs(X.data).max():g}). {kept(epoch)}"
        )

    def _scorer(self) -> DenseScorer:
        return DenseScorer(self.item_factors_)

    def _queries(self, rows: np.ndarray | None) -> Factors:
        return self.user_factors_ if rows is None else self.user_factors_[rows]

    def _item_vectors(self) -> Factors:
        return self.item_factors_

    def _user_vectors(self) -> Factors:
        return self.user_factors_

    def _fold_in(self, X: sp.csr_array) -> Factors:
        return self._solve(X, "item_factors_")

    @request
    def fold_in_items(self, interactions: Any) -> Factors:
        """Return the factors of new items from what users did with them; nothing is stored.

        Parameters
        ----------
        interactions : sparse matrix, list, or dict
            New items x the users of this model. A list of users or a dict user -> weight is one item, a dict
            item -> users is several.

        Returns
        -------
        ndarray of float32 (new items x factors)
            The exact minimiser of the objective, given the user factors; zero for items without interactions.
        """
        self._fitted()
        if isinstance(interactions, Dataset):
            raise ArgumentTypeError(
                "`interactions` of `fold_in_items` must be an items x users sparse matrix, a list or a dict, "
                "got a Dataset, whose rows are users. Pass its .matrix.T with the users of this model."
            )
        return self._solve(new_users(interactions, self.users_, self.n_users_).matrix, "user_factors_")

    def _solve(self, X: sp.csr_array, other: Literal["user_factors_", "item_factors_"]) -> Factors:
        """Return the exact factors of rows of X against the factors of the other side."""
        threads, factors = num_threads(), self.item_factors_.shape[1]
        if other not in self._cache:
            known = getattr(self, other)
            table = padded(len(known), factors)
            table[:, :factors] = known
            self._cache[other] = table, _core.als_gram(table, factors, threads)
        table, gram = self._cache[other]
        solved = padded(X.shape[0], factors)
        matrix = _core.SparseMatrix(csr_parts(X))
        try:
            problem = self._problem(self.unobserved_weight_)
            _core.als_half_epoch(matrix, table, gram, solved, factors, problem, _core.AlsSolver(), threads)
        except _core.NumericalError as error:
            raise ModelFitError(
                f"Folding in with `ALS` failed: {error}. Raise `reg` ({self.reg:g})."
            ) from error
        return without_padding(solved, factors)

    def _explain(self, history: sp.csr_array, item: int) -> np.ndarray:
        """Return c_j y_item . A^-1 y_j for each entry j, where A is the history's system: they sum to its score."""
        y, w0 = self.item_factors_.astype(np.float64), self.unobserved_weight_
        seen, confidence = y[history.indices], self.alpha * np.abs(history.data.astype(np.float64))
        ridge = self.reg * (history.nnz + w0 * len(y)) ** self.nu
        A = w0 * (y.T @ y) + ridge * np.eye(y.shape[1])
        A += seen.T @ ((confidence - w0)[:, None] * seen)
        contributions: np.ndarray = confidence * (history.data > 0) * (seen @ np.linalg.solve(A, y[item]))
        return contributions
