"""Write the frozen model files: one per model of the contract tests, with what it recommends.

    python -m tests.formats.make

Adds the files that are missing to the folder of the present format version and touches no other: an old file stands
for those on our users' disks, so what was written once is never written again.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tests.contract.zoo import MODELS, interactions, rows_of

import tastemaker as tm
from tastemaker.models._saving import FORMAT_VERSION

FOLDER = Path(__file__).parent


def main() -> None:
    folder = FOLDER / f"v{FORMAT_VERSION}"
    folder.mkdir(exist_ok=True)
    users, items, weights = zip(*rows_of(interactions(16, 12)), strict=True)
    frame = pd.DataFrame({"reader": users, "book": items, "loans": weights})
    data = tm.Dataset.from_frame(frame, user="reader", item="book", weight="loans")
    for name, make in MODELS.items():
        path = folder / f"{name}.safetensors"
        if not path.exists():
            model = make().fit(data)
            model.save(path, notes={"of": "a library"})
            model.recommend(n=4).to_csv(path.with_suffix(".csv"), index=False)


if __name__ == "__main__":
    main()
