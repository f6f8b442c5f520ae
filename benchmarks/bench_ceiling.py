"""Whether the ceilings of `gold_reliability` are what a rater that knows the truth scores, where the truth is known.

    python benchmarks/bench_ceiling.py vader-tweets/items.jsonl.gz

On tweets that more than ninety people rated, a few of them make gold, and the consensus of all the others is as near to
the truth as can be had. The ceilings are worked out from the few people's labels alone. Prints one JSON line a number
of people: for each metric the ceiling with its interval, and what the others' consensus scores against the few's.
"""

import argparse
import gzip
import json
from pathlib import Path

import numpy as np

from accord.data import Interval, Ordinal, Scale, agreement, consensus, gold_reliability

LEAST = 90
PEOPLE = (2, 3, 5, 10)
REPEATS = 10


def main() -> None:
    """Compare on two scales."""
    parser = argparse.ArgumentParser()
    parser.add_argument("items", type=Path)
    with gzip.open(parser.parse_args().items, "rt", encoding="utf-8") as lines:
        rows = [labels for line in lines if len(labels := json.loads(line)["labels"]) >= LEAST]
    scales: dict[str, Scale] = {"mean": Interval(-4, 4, 1), "median": Ordinal(-4, 4)}
    for rule, scale in scales.items():
        levels = [[float(label) if rule == "mean" else int(label) for label in row] for row in rows]
        for people in PEOPLE:
            print(json.dumps(compare(levels, scale, people)), flush=True)


def compare(rows: list[list], scale: Scale, people: int) -> dict:
    """Return ceilings from so many labels an item, and what the others' consensus scores; means over random choices."""
    rng = np.random.default_rng(people)
    ceilings, scored = [], []
    for repeat in range(REPEATS):
        few, rest = [], []
        for row in rows:
            order = rng.permutation(len(row))
            few.append([row[place] for place in order[:people]])
            rest.append([row[place] for place in order[people:]])
        found = gold_reliability(few, scale, resamples=200, seed=repeat)
        ceilings.append({name: (one.value, one.low, one.high) for name, one in found.ceilings.items()})
        gold, truth = ([consensus(row, scale) for row in side] for side in (few, rest))
        metrics = agreement(truth, gold, scale, resamples=0).metrics  # type: ignore[arg-type]
        scored.append({name: metrics[name].value for name in found.ceilings})
    rounded = {
        name: {
            "ceiling": [round(float(np.mean([one[name][end] for one in ceilings])), 3) for end in range(3)],
            "scored": round(float(np.mean([one[name] for one in scored])), 3),
        }
        for name in scored[0]
    }
    return {"scale": scale.kind, "items": len(rows), "people": people, **rounded}


if __name__ == "__main__":
    main()
