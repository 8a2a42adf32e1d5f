"""The contract of every model as checks that can be run on any of them: on yours, too.

``check_recommender(MyModel(rng=0))`` fits the model on small data, many times over, and names every rule that it
breaks: lists that disagree with its own scores, results that depend on the number of threads, parameters that nobody
checks, files that bring back something else. The models of this library pass the same checks.
"""

from __future__ import annotations

from tastemaker.testing._run import check_recommender, checks_of

__all__ = ["check_recommender", "checks_of"]
