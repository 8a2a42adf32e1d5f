"""A first tour: load film ratings, train eight models, measure them, read what they recommend and why.

Run it with `make demo`, which sets everything up, or with `python examples/demo.py`.
"""

from __future__ import annotations

import re
import textwrap
import time
from pathlib import Path

from scipy.sparse import csr_array

import tastemaker as tm

# Chosen on the training part alone: by hiding five films per viewer more, and keeping what found most of them.
MODELS = {
    "popular": tm.Popular(),
    "cosine": tm.KNN(similarity="cosine", neighbors=20),
    "tfidf": tm.KNN(similarity="tfidf", neighbors=20),
    "bm25": tm.KNN(similarity="bm25", neighbors=20),
    "random walk": tm.KNN(similarity="random_walk", neighbors=20, alpha=0.5),
    "svd": tm.SVD(factors=24),
    "als": tm.ALS(factors=64, reg=0.01, unobserved_weight=3.0, rng=0),
}
VIEWERS = [590, 603]  # one goes to art-house cinemas, one likes it dark and futuristic
FILMS = [50, 71, 185]  # Star Wars, The Lion King, Psycho
NEW_FILM = 185
WIDTH = 104
SAVED = Path("build/demo/als.safetensors")


def main() -> None:
    started = time.perf_counter()
    heading("The data: who watched what, and when")
    movies = tm.datasets.movielens("100k")
    for line in repr(movies).splitlines():
        print(textwrap.fill(line, WIDTH))
    titles = {film: readable(title) for film, title in movies.titles.items()}

    heading("The task: each viewer's five latest films are hidden; which model finds them?")
    split = tm.splits.leave_last(movies.dataset, n=5)
    print(split)

    heading("The models, trained on the rest and measured on what is hidden")
    results = tm.compare(MODELS, split, baseline="als")
    print(results)

    heading("Is the best model better than the others, or only lucky?")
    differences = results.differences()
    for row, sentence in zip(differences.rows, differences.sentences(), strict=True):
        if row.metric == "ndcg@10":
            print(sentence)

    for viewer in VIEWERS:
        heading(f"Viewer {viewer}")
        show_viewer(viewer, split, titles)

    for film in FILMS:
        heading(f"Films like {titles[film]}")
        show_neighbours(film, titles)

    heading(f"A film that nobody has rated yet: who will watch {titles[NEW_FILM]}?")
    show_new_film(NEW_FILM, movies.dataset, titles)

    heading("The model, kept for later")
    SAVED.parent.mkdir(parents=True, exist_ok=True)
    MODELS["als"].save(SAVED)
    print(f"Saved to {SAVED}. To read it:\n")
    print(f"  tastemaker inspect {SAVED}")
    print(f"  tastemaker recommend {SAVED} --users {VIEWERS[0]}")

    heading(f"All this took {time.perf_counter() - started:.1f} s. What next?")
    print(NEXT)


def show_viewer(viewer: int, split: tm.splits.Split, titles: dict[int, str]) -> None:
    """Print what a viewer rated best, the hidden films, and the first five of each model side by side."""
    hidden = split.test.items_of(viewer)
    print_list("Rated best:", [titles[film] for film in split.train.items_of(viewer)[:8]])
    print_list("Hidden:", [titles[film] for film in hidden])
    print("Recommended (* was hidden):\n")

    columns = {}
    for name, model in MODELS.items():
        films = model.recommend(viewer, n=5)["item"]
        columns[name] = [short(titles[film]) + " *" * (film in hidden) for film in films]
    print_side_by_side(columns)


def show_neighbours(film: int, titles: dict[int, str]) -> None:
    """Print the five films most similar to one, by four models."""
    columns = {}
    for name in ("tfidf", "random walk", "svd", "als"):
        films = MODELS[name].similar_items(film, n=5, titles=titles)
        columns[name] = [short(title) for title in films["title"]]
    print_side_by_side(columns)


def show_new_film(film: int, data: tm.Dataset, titles: dict[int, str]) -> None:
    """Train a hybrid model without one film's ratings; print for whom it is, judged by its features, and why."""
    known = data.items.lookup([film])
    watched = set(data.users.take(data.matrix[:, known].nonzero()[0]).tolist())
    ratings = data.matrix.tocoo()
    keep = ratings.coords[1] != known
    others = csr_array((ratings.data[keep], [side[keep] for side in ratings.coords]), shape=ratings.shape)
    rest = data.with_interactions(others, data.times[keep])
    table = data.item_features
    own = table.matrix[known].indices - table.n_indicators
    features = [table.names[k] for k in own if k >= 0]

    model = tm.LightFM(factors=32, epochs=10, reg_user=1e-5, reg_item=1e-5, rng=0)
    model.fit(rest, threads=1)  # one thread, so that it comes out the same each time
    audience = list(model.recommend_users(item_features=features, n=50)["user"])
    hits = sum(viewer in watched for viewer in audience)
    print_list("Learns:", ["from the ratings of all other films", "their genres and decades", "ages", "jobs"])
    print_list("Is told:", features)
    share = len(watched) / data.n_users
    print(f"\nOf the 50 viewers that it names, {hits} did watch the film; of all viewers {share:.0%}.")
    viewer = next(user for user in audience if user in watched)
    print(f"One of them is viewer {viewer}. What speaks for it:\n")
    why = model.explain(viewer, item_features=features)
    reasons = [pair for pair in zip(why["feature"], why["contribution"], strict=True) if pair[0] in features]
    print(
        tm.Table({"feature": [name for name, _ in reasons], "adds to the score": [x for _, x in reasons]}),
        end="\n\n",
    )
    print_list("Rated best:", [titles[best] for best in rest.items_of(viewer)[:8]])


def readable(title: str) -> str:
    """Turn "Godfather, The (1972)" into "The Godfather"."""
    name = re.sub(r" \(\d{4}\)$", "", title)
    return re.sub(r"^(.*), (The|A|An)$", r"\2 \1", name)


def short(title: str) -> str:
    return textwrap.shorten(title, 23, placeholder="…")


def heading(text: str) -> None:
    print(f"\n{text}\n{'=' * len(text)}")


def print_list(label: str, names: list[str]) -> None:
    print(textwrap.fill(" · ".join(names), WIDTH, initial_indent=f"{label:<12}", subsequent_indent=" " * 12))


def print_side_by_side(columns: dict[str, list[str]], per_line: int = 4) -> None:
    """Print columns of titles, a few of them beside each other."""
    names = list(columns)
    for start in range(0, len(names), per_line):
        print(tm.Table({name: columns[name] for name in names[start : start + per_line]}), end="\n\n")


NEXT = """\
Your own data:   data = tm.Dataset.from_frame(frame, user="customer", item="sku", time="bought_at")
A model:         model = tm.ALS(factors=64).fit(data); model.recommend("customer 17", n=10)
New customers:   model.recommend(interactions=["sku 3", "sku 8"])
New products:    tm.LightFM().fit(data).recommend_users(item_features=["colour=red", "size=L"])
Why:             model.explain("customer 17", "sku 3")
All arguments:   help(tm.ALS), help(tm.compare), help(tm.splits)
This program:    examples/demo.py is meant to be copied from; README.md has more."""

if __name__ == "__main__":
    main()
