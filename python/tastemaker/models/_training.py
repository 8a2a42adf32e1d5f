"""What a model's fit needs besides its data: threads, progress, one callback for all models, Ctrl-C."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tastemaker._runtime import num_threads
from tastemaker.errors import ArgumentTypeError

if TYPE_CHECKING:
    from tastemaker.models._fitting import Trainable


class TrainingState:
    """What a callback is told after each epoch.

    Attributes
    ----------
    model : Recommender
        The model in training, apart from that which ``fit`` was called on, as this epoch made it: it recommends, can be
        evaluated or saved. The next epoch changes it.
    epoch : int
        The epoch that ended, from 1.
    epochs : int
        Epochs asked for.
    seconds : float
        Time that this epoch took.
    loss : float or None
        Training loss, when the model was asked to compute it.
    """

    def __init__(self, model: Trainable, epoch: int, epochs: int, seconds: float, loss: float | None) -> None:
        self.model = model
        self.epoch = epoch
        self.epochs = epochs
        self.seconds = seconds
        self.loss = loss
        self.stopped = False

    def stop(self) -> None:
        """End training after this epoch; the model is fitted as if ``epochs`` had been this few."""
        self.stopped = True

    def __repr__(self) -> str:
        loss = "" if self.loss is None else f", loss={self.loss:.6g}"
        return f"TrainingState(epoch={self.epoch}/{self.epochs}, seconds={self.seconds:.3g}{loss})"


Callback: TypeAlias = Callable[[TrainingState], None]


class Training:
    """One run of ``fit``: yields epochs, times them, shows progress, calls the callback with a model that answers.

    Attributes
    ----------
    threads : int
        Threads to use.
    times : ndarray or None
        float64 seconds of each stored interaction, aligned with the matrix, when the data has times.
    watched : bool
        Whether a callback looks at the model after each epoch.
    history : list of dict
        ``epoch``, ``seconds`` and ``loss`` of every complete epoch.
    """

    def __init__(
        self,
        model: Trainable,
        remember: Callable[[], None],
        *,
        progress: bool | None,
        callback: Callback | None,
        threads: int | None,
        times: np.ndarray | None,
    ) -> None:
        if progress is not None and not isinstance(progress, bool):
            raise ArgumentTypeError(f"`progress` must be True, False or None (automatic), got {progress!r}.")
        if callback is not None and not callable(callback):
            raise ArgumentTypeError(f"`callback` must be callable(state) or None, got {callback!r}.")
        self.threads = num_threads(threads)
        self.times = times
        self.watched = callback is not None
        self.history: list[dict[str, Any]] = []
        self._model = model
        self._remember = remember
        self._progress = progress
        self._callback = callback
        self._loss: float | None = None

    def record(self, *, loss: float | None) -> None:
        """Report the loss of the epoch that is running."""
        self._loss = loss

    def epochs(self, n: int) -> Iterator[int]:
        """Yield 0 .. n - 1; the body of the caller's loop is the epoch and must leave the model usable."""
        with progress_bar(type(self._model).__name__, n, "epoch", self._progress) as advance:
            for epoch in range(n):
                self._loss = None
                start = time.perf_counter()
                yield epoch
                seconds = time.perf_counter() - start
                self.history.append({"epoch": epoch + 1, "seconds": seconds, "loss": self._loss})
                advance("" if self._loss is None else f"loss {self._loss:.5g}")
                if self._callback is not None:
                    self._remember()  # so that the callback may ask the model
                    state = TrainingState(self._model, epoch + 1, n, seconds, self._loss)
                    self._callback(state)
                    if state.stopped:
                        break


def kept(epochs: int) -> str:
    """Return what to say of a model whose next epoch failed."""
    return f"The model keeps epoch {epochs}." if epochs else "No epoch was complete."


class progress_bar:  # noqa: N801 - used as a context manager, reads as a function
    """Context manager around tqdm that gives ``advance(note, steps=1)``; shows nothing for what ends within a second.

    Parameters
    ----------
    label : str
    total : int
    unit : str
    progress : bool or None
        None shows a bar on a terminal or in a notebook only.
    """

    def __init__(self, label: str, total: int, unit: str, progress: bool | None) -> None:
        self._bar: Any = None
        if progress or (progress is None and _interactive()):
            # Without widgets a notebook's bar warns, and draws text.
            with warnings.catch_warnings(action="ignore"):
                from tqdm.auto import tqdm  # slow to import, so only when a bar may be seen

            self._bar = tqdm(total=total, desc=label, unit=unit, delay=1, leave=False)

    def __enter__(self) -> Callable[..., None]:
        return self._advance

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def _advance(self, note: str = "", steps: int = 1) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update(steps)


def _interactive() -> bool:
    stream = sys.stderr
    return "ipykernel" in sys.modules or (stream is not None and stream.isatty())
