"""One task: check every participant's result, then time them in turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from bench.peers import checks, quality, work
from bench.peers.client import Client, WorkerError
from bench.peers.data import Data
from bench.peers.generate import tags
from bench.peers.job import best_items
from bench.peers.peers import OURS
from bench.peers.tasks import ALS, Task


@dataclass
class Record:
    """What one peer did in one task; the row of the JSON file."""

    task: str
    title: str
    peer: str
    seconds: list[float] = field(default_factory=list)
    peak_bytes: int | None = None
    ndcg: quality.Estimate | None = None
    ndcg_difference: quality.Estimate | None = None  # peer minus ours, over the same users
    objective: float | None = None
    energy: float | None = None
    auc: float | None = None
    check: str = ""
    right: bool = True
    remark: str = ""
    failure: str = ""
    work: dict[str, float] = field(default_factory=dict)  # bench.peers.work

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


Pair = tuple[Client, Record]


class Bench:
    """Runs tasks on one data set with a set of workers."""

    def __init__(self, data: Data, clients: list[Client], rounds: int, folder: Path) -> None:
        self._data = data
        self._clients = clients
        self._rounds = rounds
        self._folder = folder
        self._factors: dict[int, dict[str, str]] = {}

    def measure(self, task: Task) -> list[Record]:
        """Return one record per peer that can do the task: checked first, then timed round by round in turn."""
        pairs = [
            (client, self._record(task, client)) for client in self._clients if client.peer.does(task.name)
        ]
        if not pairs:
            return []
        try:
            inputs = self._inputs(task)
        except WorkerError as error:
            for _, record in pairs:
                record.failure = f"no factors to rank with: {error}"
            return [record for _, record in pairs]
        tasks = self._reaching(task, pairs) if task.reach else {record.peer: task for _, record in pairs}
        outcomes = {}
        for client, record in _sound(pairs):
            with _failure_noted(record):
                reply = self._run(client, tasks[record.peer], inputs, checked=True)
                outcomes[record.peer] = outcome = _read(reply)
                if self._data.test is not None and "user" in outcome and "lists" not in outcome:
                    outcome["lists"] = best_items(outcome["user"], outcome["item"], self._data.train, 10)
                self._judge(task, record, outcome, inputs)
        self._compare(task, [record for _, record in pairs], outcomes)
        for turn in range(self._rounds):
            for client, record in _sound(_rotated(pairs, turn)):
                with _failure_noted(record):
                    reply = self._run(client, tasks[record.peer], inputs, checked=False)
                    lap = None if task.reach else reply["epoch"]
                    record.seconds.append(lap or reply["seconds"])
                    record.peak_bytes = max(record.peak_bytes or 0, reply["peak_bytes"] or 0) or None
        return [record for _, record in pairs]

    def _record(self, task: Task, client: Client) -> Record:
        counted = work.of(task, self._data.train) if client.peer.name == OURS else {}
        remark = client.peer.remark(task.name)
        return Record(task.name, task.title, client.peer.name, remark=remark, work=counted)

    def _run(self, client: Client, task: Task, inputs: dict[str, str], *, checked: bool) -> dict[str, Any]:
        return client.ask(
            "run",
            kind=task.kind,
            params=task.params,
            threads=client.threads,
            checked=checked,
            arrays=inputs,
            out=str(self._folder / client.peer.label / task.name.replace("/", "-")),
        )

    def _reaching(self, task: Task, pairs: list[Pair]) -> dict[str, Task]:
        """Return each one's task with the fewest epochs that come within 1 % of the best NDCG@10 of the peers."""
        if self._data.test is None:
            raise ValueError(f"the task {task.name} must skip {self._data.name}, which has no test part.")
        curves: dict[str, dict[int, float]] = {}
        for client, record in pairs:
            with _failure_noted(record):
                for epochs in task.reach:
                    outcome = _read(self._run(client, task.of_epochs(epochs), {}, checked=True))
                    if "lists" not in outcome:
                        outcome["lists"] = best_items(outcome["user"], outcome["item"], self._data.train, 10)
                    ndcg = quality.ndcg(outcome["lists"], self._data.test).mean()
                    curves.setdefault(record.peer, {})[epochs] = float(ndcg)
        judges = [peer for peer in curves if peer != OURS] or [OURS]
        goal = 0.99 * max(value for peer in judges for value in curves[peer].values())
        tasks = {}
        for _, record in _sound(pairs):
            enough = [epochs for epochs, value in curves[record.peer].items() if value >= goal]
            if enough:
                tasks[record.peer] = task.of_epochs(enough[0])
                record.remark = f"{enough[0]} epochs"
            else:
                record.failure = f"not reached in {task.reach[-1]} epochs"
        return tasks

    def _inputs(self, task: Task) -> dict[str, str]:
        """Return the files that the task reads, the same for everybody: features, or factors to rank with."""
        if "features" in task.params:
            return self._features(task)
        if task.kind != "topn":
            return {}
        factors = task.params["factors"]
        if factors not in self._factors:
            self._factors[factors] = self._train_factors(factors)
        return self._factors[factors]

    def _features(self, task: Task) -> dict[str, str]:
        """Return files with tags for the sides that the task names, 20 per row and its indicator."""
        files = {}
        for side in task.params["features"].split("+"):
            matrix = tags(self._data.train.shape[side == "item"], 20)
            parts = {name: getattr(matrix, name) for name in ("indptr", "indices", "data", "shape")}
            for name, part in parts.items():
                path = self._folder / f"{side}-{name}.npy"
                np.save(path, np.asarray(part))
                files[f"{side}_{name}"] = str(path)
        return files

    def _train_factors(self, factors: int) -> dict[str, str]:
        """Return files with the factors of the first peer that can train them."""
        params = {"solver": "cg", "factors": factors, "epochs": 5, **ALS}
        task = Task(f"factors/{factors}", "", "als", params)
        reason: Any = "no peer of this run trains factors"
        for client in self._clients:
            if client.peer.does(f"als/cg-{factors}"):
                try:
                    files = self._run(client, task, {}, checked=True)["files"]
                except WorkerError as error:
                    reason = error
                else:
                    return {name: files[name] for name in ("user", "item")}
        raise WorkerError(reason)

    def _judge(self, task: Task, record: Record, outcome: dict[str, Any], inputs: dict[str, str]) -> None:
        """Fill in what the checked run says about a result: is it right, how good is it."""
        verdict = self._check(task, outcome, inputs, seen_removed="seen" not in record.remark)
        record.right, record.check = verdict.right, verdict.text
        record.energy, record.auc = outcome.get("energy"), outcome.get("auc")
        if task.kind == "als":
            record.objective = quality.als_objective(
                self._data.train, outcome["user"], outcome["item"], task.params["alpha"], task.params["reg"]
            )
        if self._data.test is not None and "lists" in outcome:
            outcome["ndcg"] = quality.ndcg(outcome["lists"], self._data.test)
            record.ndcg = quality.Estimate.of(outcome["ndcg"])

    def _check(
        self, task: Task, outcome: dict[str, Any], inputs: dict[str, str], *, seen_removed: bool
    ) -> checks.Check:
        train = self._data.train
        if task.kind == "knn_fit":
            params = task.params
            return checks.check_similarity(
                train, params["similarity"], params["neighbors"], outcome["similarity"]
            )
        rows = checks.sample(train.shape[0])
        if task.kind == "knn_recommend":
            scores = (train[rows].astype(np.float64) @ outcome["similarity"]).toarray()
        else:
            factors = inputs or outcome
            if "user" not in factors or "lists" not in outcome:
                return checks.Check(True, "")
            user, item = (_array(factors[name]) for name in ("user", "item"))
            scores = user[rows] @ item.T
        return checks.check_lists(scores, outcome["lists"][rows], train[rows] if seen_removed else None)

    def _compare(self, task: Task, records: list[Record], outcomes: dict[str, dict[str, Any]]) -> None:
        """Set each peer's result beside ours."""
        ours = outcomes.get(OURS)
        if ours is None:
            return
        for record in records:
            theirs = outcomes.get(record.peer)
            if record.peer == OURS or theirs is None:
                continue
            if "ndcg" in theirs and "ndcg" in ours:
                record.ndcg_difference = quality.Estimate.of(theirs["ndcg"] - ours["ndcg"])
            if task.kind == "knn_fit":
                same = checks.same_similarities(
                    ours["similarity"], theirs["similarity"], task.params["neighbors"]
                )
                record.check = f"all rows against ours: {same.text}"


class _failure_noted:  # noqa: N801 - used as a context manager, reads as a function
    """Context manager that turns a worker's failure into the record's."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if isinstance(error, WorkerError):
            self._record.failure = str(error)
            return True
        return False


def _read(reply: dict[str, Any]) -> dict[str, Any]:
    """Return the outcome of a checked run with its files read."""
    outcome: dict[str, Any] = {name: reply[name] for name in ("energy", "auc") if reply[name] is not None}
    for name, path in reply["files"].items():
        outcome[name] = sp.csr_matrix(sp.load_npz(path)) if path.endswith(".npz") else np.load(path)
    return outcome


def _array(source: Any) -> np.ndarray:
    return np.asarray(np.load(source) if isinstance(source, str) else source)


def _sound(pairs: list[Pair]) -> Iterator[Pair]:
    """Give the pairs that did not fail so far."""
    return (pair for pair in pairs if not pair[1].failure)


def _rotated(pairs: list[Pair], turn: int) -> list[Pair]:
    """Return the pairs beginning with another one each turn, so that nobody always comes after the same."""
    at = turn % len(pairs)
    return pairs[at:] + pairs[:at]
