"""One module per library, imported only in that library's environment.

Each has a class ``Adapter`` with ``packages`` (distributions whose versions are reported) and one method per kind of
task that the library can do:

``knn_fit(job, similarity, neighbors)``, ``knn_recommend(job, similarity, neighbors, n)``,
``als(job, solver, factors, epochs, alpha, reg)``, ``topn(job, factors, n)``, ``svd(job, factors)``,
``sgd(job, loss, factors, epochs, learning_rate)``,
``hybrid(job, loss, optimizer, factors, epochs, seed, features)`` (factors by ``job.features``; `features` names them),
``ranks(job, factors, epochs)``, ``predict_all(job, factors, epochs, n, features)``.

A method puts exactly the library's own work into ``with job.timed():`` - what a user would have to call, conversions
that the library needs included - calls ``job.lap()`` after every epoch, and returns an ``Outcome``.
"""
