"""Measure models: ranking metrics per user, with a bootstrap interval over users for every figure."""

from tastemaker.evaluation._differences import Difference, Differences
from tastemaker.evaluation._intervals import Interval
from tastemaker.evaluation._results import Comparison, Evaluation
from tastemaker.evaluation._run import compare, evaluate
from tastemaker.evaluation._segments import SegmentFigure, Segments, segmentations

__all__ = [
    "Comparison",
    "Difference",
    "Differences",
    "Evaluation",
    "Interval",
    "SegmentFigure",
    "Segments",
    "compare",
    "evaluate",
    "segmentations",
]
