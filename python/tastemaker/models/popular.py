"""Popular: the same list for everybody."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from tastemaker._validation import check_choice, check_float
from tastemaker.errors import DataError
from tastemaker.models._training import Training
from tastemaker.models.base import Recommender
from tastemaker.retrieval import DenseScorer

Popularity = npt.NDArray[np.float32]

_DAY = 86_400.0


class Popular(Recommender):
    """Recommends the items that most users interacted with: the baseline to beat, and the answer to a user unknown.

    Parameters
    ----------
    by : {"count", "weight", "recent"}
        What an item's score sums up over its interactions. "count", the default: 1 each, so the number of users.
        "weight": the weight, negative ones included. "recent": ``2^(-age / half_life)``, where an interaction's age is
        the time from it to the newest in the data, which must be a Dataset with times.
    half_life : float, default 30.0
        Days after which an interaction counts half, > 0; for "recent" only. Raise it where tastes change slowly.

    Attributes
    ----------
    popularity_ : ndarray of float32, (items,)
        The items' scores, the same for every user.

    Raises
    ------
    DataError
        By ``fit``, for "recent" on data without times.

    Examples
    --------
    >>> import tastemaker as tm
    >>> from scipy.sparse import csr_array
    >>> model = tm.Popular().fit(csr_array([[1, 1, 0], [0, 1, 1], [0, 1, 1], [0, 0, 0]]))
    >>> model.recommend([0, 3], n=2)
    (array([[ 2, -1],
           [ 1,  2]], dtype=int32), array([[ 2., nan],
           [ 3.,  2.]], dtype=float32))
    """

    abilities: ClassVar[frozenset[str]] = frozenset({"fold_in"})
    _learned = {"popularity_": ("items",)}  # noqa: RUF012

    popularity_: Popularity

    def __init__(
        self, *, by: Literal["count", "weight", "recent"] = "count", half_life: float = 30.0
    ) -> None:
        self.by = by
        self.half_life = half_life

    def _check_params(self) -> None:
        check_choice("by", self.by, ("count", "weight", "recent"))
        check_float("half_life", self.half_life, low=0, open_low=True)

    def _fit(self, X: sp.csr_array, run: Training) -> None:
        for _ in run.epochs(1):
            sums = np.bincount(X.indices, weights=self._votes(X, run.times), minlength=X.shape[1])
            self.popularity_ = sums.astype(np.float32)

    def _votes(self, X: sp.csr_array, times: npt.NDArray[np.float64] | None) -> np.ndarray | None:
        """Return what each interaction adds to its item's score; None for 1 each."""
        if self.by == "count":
            return None
        if self.by == "weight":
            return np.asarray(X.data)
        if times is None:
            raise DataError(
                '`data` must have times for `Popular(by="recent")`. Give Dataset.from_frame a `time=` column, '
                'or use by="count".'
            )
        ages = (times.max() - times) / _DAY
        votes: np.ndarray = np.exp2(-ages / self.half_life)
        return votes

    def _scorer(self) -> DenseScorer:
        return DenseScorer(self.popularity_[:, None])

    def _queries(self, rows: np.ndarray | None) -> np.ndarray:
        return np.ones((self.n_users_ if rows is None else len(rows), 1), dtype=np.float32)

    def _fold_in(self, X: sp.csr_array) -> np.ndarray:
        return np.ones((X.shape[0], 1), dtype=np.float32)
