"""Knows what the demo compiles: items, scale, guideline, models and sizes; does not run anything."""

from typing import Any

import numpy as np

from ...data import Corpus, Scale, Splits
from ...programs import Case, Guideline
from .labels import demo_corpus

TRAIN, DEV, TEST = 130, 100, 200
"""How many of the 4,001 tweets are train, dev and test; slow machines take fewer of the last two (`DemoSize`)."""

DRAWN_FROM, _PROVED = 700, 240
"""How many tweets the three parts are drawn from, and how many of those were set aside for test."""

LIVE_ITEMS, LIVE_SAMPLES = 32, 2
"""How many train items the embedded model draws for live, and how often each."""

STUDENT_MAX_TOKENS = 40
TRAINING: dict[str, Any] = {"batch_size": 4, "learning_rate": 1.5e-3}
"""Parameters of `FineTune`, beside those of the `DemoSize`."""

TEACHER_SAMPLES = 8
TEACHER_MAX_TOKENS = 80
SEED = 0

GUIDELINE = Guideline("How positive or negative is the feeling that the tweet expresses? Judge as most readers would.")

TEACHER_GUIDELINE = GUIDELINE.with_cases(
    Case(
        {"tweet": "My bus left without me again. Soaked, late, and the boss is already calling."},
        "The writer lists several mishaps in a row with no relief, so the mood is clearly bad.",
        "1",
    ),
    Case(
        {"tweet": "library closes at 6 on sundays from now on"},
        "It reports a change of hours and shows no feeling either way.",
        "3",
    ),
    Case(
        {"tweet": "tea is ready and the new book arrived :)"},
        "Small comforts and a smile make it pleasant, though not ecstatic.",
        "4",
    ),
)
"""The same guideline with three invented worked cases: without them small models do not keep to the form."""


def demo_splits() -> tuple[Splits, Scale]:
    """Return the demo's train, dev and test items and their scale; the same on every machine."""
    corpus = demo_corpus()
    order = np.random.default_rng(SEED).permutation(len(corpus))
    ids = sorted(corpus.ids)
    chosen: Corpus = corpus.select(ids[place] for place in order[:DRAWN_FROM])
    splits = chosen.split(dev=DEV, test=_PROVED, seed=SEED)
    return splits._replace(train=splits.train[:TRAIN], test=splits.test[:TEST]), corpus.scale
