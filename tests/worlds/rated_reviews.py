"""Knows how to invent short reviews that some people, a judge and a stranger have rated; measures nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np

WORDS = {1: "dreadful", 2: "poor", 3: "ordinary", 4: "nice", 5: "wonderful"}
THINGS = ("soup", "waiter", "table", "music", "bread", "garden", "wine", "service", "dessert", "room")
PEOPLE = ("ann", "bob", "cleo", "dora")


def reviews(count: int = 60, *, seed: int = 0, people: tuple[str, ...] = PEOPLE) -> list[dict[str, Any]]:
    """Return reviews with an id, a text whose words tell the truth most of the time, and a label of each person.

    ``judge`` is right as often as a person, ``weak`` hardly better than chance, ``sure`` is how sure the judge is.
    """
    rng = np.random.default_rng(seed)

    def noisy(truth: int, right: float) -> int:
        return truth if rng.random() < right else int(np.clip(truth + rng.choice([-1, 1]), 1, 5))

    rows = []
    for number in range(count):
        truth = int(rng.integers(1, 6))
        told = truth if rng.random() < 0.8 else int(rng.integers(1, 6))
        first, second = rng.choice(THINGS, 2, replace=False)
        judge = noisy(truth, 0.7)
        rows.append(
            {
                "key": f"r{number:03}",
                "text": f"Visit {number}: the {first} was {WORDS[told]}, and so was the {second}.",
                "labels": {name: noisy(truth, 0.7) for name in people},
                "judge": judge,
                "weak": int(rng.integers(1, 6)),
                "sure": round(float(0.9 if judge == truth else 0.6), 2),
                "town": ("Ulm", "Bonn", "Kiel")[number % 3],
            }
        )
    return rows


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write one JSON object a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
