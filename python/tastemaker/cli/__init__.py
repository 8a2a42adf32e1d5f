"""The command line: ``tastemaker VERB ...``.

Verbs are modules of `verbs`, imported when they are called: ``tastemaker --help`` needs click alone. The result of a
verb goes to stdout or to the file of ``-o``, everything else to stderr. Exit codes: 0 done, 1 it failed on the way,
2 it was called wrongly, 3 the data are at fault.
"""

from __future__ import annotations

from tastemaker.cli._group import VerbGroup

summaries = {
    "describe": "Say what is in a file of events, before training on it.",
    "split": "Part events into training and test files.",
    "train": "Train a model and write it to one file.",
    "evaluate": "Measure a model on events that it has not seen.",
    "compare": "Train several models and measure them on the same users.",
    "recommend": "Recommend items to users: to a few, or to all into a file.",
    "similar": "Find the items, or users, most like the ones given.",
    "explain": "Say what in a user's history speaks for an item.",
    "inspect": "Say what a model file holds, without reading its arrays.",
    "export": "Write a model's vectors or similarities for other programs.",
    "datasets": "List the public data sets, or write one as a file of events.",
    "doctor": "Check this installation: versions, CPU, threads, libraries.",
}

main = VerbGroup(
    name="tastemaker",
    context_settings={"help_option_names": ["-h", "--help"]},
    verbs=summaries,
    help="""Recommendations from implicit feedback, from a file of events to a file of recommendations.

    \b
      tastemaker describe events.csv
      tastemaker compare events.csv --items movies.csv -o run/
      tastemaker train events.csv --model als -o model.safetensors
      tastemaker recommend model.safetensors --users 42 --items movies.csv

    Exit codes: 0 done, 1 it failed, 2 wrong usage, 3 the data or a file is at fault.""",
)
