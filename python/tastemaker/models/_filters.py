"""What ``allow=`` and ``deny=`` forbid: items to everybody, and items to single users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp

from tastemaker.data import IdMap
from tastemaker.errors import ArgumentError
from tastemaker.models._inputs import Who, known_indices


def allowed_items(allow: Any, deny: Any, items: IdMap | None, n_items: int) -> np.ndarray | None:
    """Return a mask over items (1: may be recommended), or None when all may."""
    deny = None if isinstance(deny, Mapping) else deny
    if allow is None and deny is None:
        return None
    mask = np.full(n_items, allow is None, dtype=np.uint8)
    if allow is not None:
        mask[known_indices("allow", allow, items, n_items)] = 1
    if deny is not None:
        mask[known_indices("deny", deny, items, n_items)] = 0
    return mask


def denied_items(deny: Any, who: Who, items: IdMap | None, n_items: int) -> sp.csr_array | None:
    """Return the items denied to single users, one row for each user of the call; None without such."""
    if not isinstance(deny, Mapping):
        return None
    place = {user: at for at, user in enumerate(who.names())}
    unknown = [user for user in deny if user not in place]
    if unknown:
        raise ArgumentError(
            f"`deny` must name users of this call, got {unknown[0]!r} ({len(unknown)} are not asked for)."
        )
    at = {place[user]: known_indices("deny", denied, items, n_items) for user, denied in deny.items()}
    lists = [at.get(row, np.empty(0, np.int32)) for row in range(who.size)]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in lists])])
    columns = np.concatenate([*lists, np.empty(0, np.int32)])
    return sp.csr_array((np.ones(len(columns), np.float32), columns, indptr), shape=(who.size, n_items))
