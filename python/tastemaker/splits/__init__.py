"""Ways to part interactions into training and test, each carrying weights and times.

============== ================================================= =====================================
function       test part                                         answers
============== ================================================= =====================================
`random`       interactions drawn at random                      how well are gaps filled
`k_fold`       each interaction once, in k splits                the same, with less noise
`leave_last`   every user's last n interactions                  what comes next for known users
`by_time`      everything from a moment on                       how would it have done in production
`users`        some interactions of users held out altogether    how well are new users served
============== ================================================= =====================================

All take a Dataset or a users x items sparse matrix and return a `Split`, which reports cold users and items.
"""

from __future__ import annotations

from tastemaker.splits._folds import k_fold, random, users
from tastemaker.splits._split import Split
from tastemaker.splits._timed import by_time, leave_last

__all__ = ["Split", "by_time", "k_fold", "leave_last", "random", "users"]
