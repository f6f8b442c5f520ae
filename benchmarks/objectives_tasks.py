"""Knows the two corpora of `bench_objectives`: their items, scale, guideline, teacher's cases and how they are cut.

The texts stay in the folders that are named on the command line; what a benchmark writes holds ids and labels.
"""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from accord.app.demo.labels import ANCHORS, THRESHOLDS
from accord.app.demo.task import GUIDELINE, TEACHER_GUIDELINE
from accord.data import Corpus, Interval, Ordinal, Splits
from accord.data.corpus.near_duplicates import near_duplicate_clusters
from accord.programs import Case, Guideline

POOL, MORE, TEST = 140, 100, 160
"""Items whose labels the main table and its dev sets come from, items for the runs with more labels, test items."""

DEV = 40
SAMPLE_SEED = 7


@dataclass(frozen=True)
class Task:
    """One corpus and how it is rated.

    Attributes:
        name: What tables call it.
        corpus: Items with every person's label.
        student: What the student is told.
        teacher: What the teacher is told: the same with three invented worked cases.
        samples: Draws an item.
        margin: Steps between the labels of a preference pair.
    """

    name: str
    corpus: Corpus
    student: Guideline
    teacher: Guideline
    samples: int
    margin: float


def read_task(name: str, folder: Path) -> Task:
    """Read ``cebab`` or ``vader`` from its folder."""
    return {"cebab": _cebab, "vader": _vader}[name](folder)


def _cebab(folder: Path) -> Task:
    """Stars of restaurant reviews, as in METHODS: sample SD of the five labels at most 1, gold is their median."""
    corpus = Corpus.from_records(
        [{"id": row["id"], "review": row["text"], "stars": row["labels"]} for row in _rows(folder)],
        fields=["review"],
        label="stars",
        id="id",
        scale=Ordinal(1, 5, anchors={1: "1 star (worst)", 5: "5 stars (best)"}),
        consensus="median",
        max_spread=1.0,
        place=str(folder),
    )
    student = Guideline("How many stars would the author of this review give the restaurant overall?")
    teacher = student.with_cases(
        Case(
            {"review": "We waited an hour for cold pasta and the waiter argued about the bill. Never again."},
            "A long wait, cold food and a rude waiter, and the author vows not to return.",
            "1",
        ),
        Case(
            {"review": "Decent burgers, though the place was loud and the fries were soggy."},
            "Mild praise for the burgers is balanced by the noise and the fries.",
            "3",
        ),
        Case(
            {"review": "Lovely terrace and a great fish stew; dessert was a little slow to come."},
            "Warm praise of place and food, with one small complaint about waiting.",
            "4",
        ),
    )
    return Task("cebab-stars", corpus, student, teacher, samples=4, margin=1)


def _vader(folder: Path) -> Task:
    """Sentiment of tweets, cut to five levels as the demo cuts it; gold is the cut of the mean."""
    corpus = Corpus.from_records(
        [{"id": row["id"], "tweet": row["text"], "ratings": row["labels"]} for row in _rows(folder)],
        fields=["tweet"],
        label="ratings",
        id="id",
        scale=Interval(-4, 4),
        consensus="mean",
        place=str(folder),
    )
    return Task("vader-tweets", corpus.cut(THRESHOLDS, anchors=ANCHORS), GUIDELINE, TEACHER_GUIDELINE, 8, 2)


def _rows(folder: Path) -> list[dict[str, Any]]:
    with gzip.open(folder / "items.jsonl.gz", "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


@dataclass(frozen=True)
class Items:
    """The ids a benchmark is made on: chosen once, kept in a file, the same for every arm and seed.

    Attributes:
        pool: Where the main table's train and dev items come from.
        more: Items that are added to the train items where more labels are wanted.
        test: What every rater is proved on.
    """

    pool: tuple[str, ...]
    more: tuple[str, ...]
    test: tuple[str, ...]


def choose_items(corpus: Corpus, path: Path, known: Iterable[str] = (), rated: Iterable[str] = ()) -> Items:
    """Return the items in a file, after choosing them at random if there is no such file.

    Near-duplicates never stand on both sides of the test.

    Args:
        corpus: What is chosen from.
        path: The file.
        known: Ids whose draws a teacher has made already: they are taken first for the pool.
        rated: Ids that a teacher has rated already: they are taken first for the test.
    """
    if not path.exists():
        known, rated = set(known), set(rated)
        ids = [corpus.ids[place] for place in np.random.default_rng(SAMPLE_SEED).permutation(len(corpus))]
        test = sorted((id for id in ids if id not in known), key=lambda id: id not in rated)[:TEST]
        cluster = dict(zip(corpus.ids, near_duplicate_clusters([item.text for item in corpus]), strict=True))
        taken = {cluster[id] for id in test}
        train = sorted((id for id in ids if cluster[id] not in taken), key=lambda id: id not in known)
        chosen = {"pool": train[:POOL], "more": train[POOL : POOL + MORE], "test": test}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(chosen), encoding="utf-8")
    kept = json.loads(path.read_text(encoding="utf-8"))
    return Items(tuple(kept["pool"]), tuple(kept["more"]), tuple(kept["test"]))


def cut(task: Task, items: Items, *, labels: int, seed: int) -> Splits:
    """Return train (so many labels), dev and test for one seed.

    The seed deals the pool into train and dev; fewer labels are the first of more, and what the pool has not is taken
    from ``more`` in an order of the seed.
    """
    train, dev, _ = task.corpus.select(items.pool).split(dev=DEV, test=0, seed=seed)
    order = np.random.default_rng(seed).permutation(len(items.more))
    ids = [*train.ids, *(items.more[place] for place in order)][:labels]
    return Splits(task.corpus.select(ids), task.corpus.select(dev.ids), task.corpus.select(items.test))
