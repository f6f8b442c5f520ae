"""How often audits find biases that are there, and biases that are not.

    python benchmarks/bench_audits.py [WORLDS] [NAME ...]

Each row draws worlds of 200 items (or as many as it says) with a rater of known bias, runs the audit with 500
resamples, and counts: how often the bias was shown, and how often the 95 % interval held the planted size. In a row
without a bias "shown" are false alarms. Prints one JSON line and a table; docs/audits-measured.md holds the table.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from accord.data import (  # noqa: E402
    Finding,
    agreement_by,
    consistency,
    injection_effect,
    length_bias,
    leniency,
    level_usage,
    sensitivity,
)
from worlds.biased_raters import NAMES, NINE, PAIRS, BiasedRaters  # noqa: E402

OPTIONS: dict[str, Any] = {"resamples": 500}
SLOPE = "per doubling of length, given gold"
LONGER = "chance of the longer beyond one half, given gold"


class Row(NamedTuple):
    """One line of the table: worlds, an audit of each, and the size planted in a measure, if any."""

    name: str
    run: Callable[[BiasedRaters], Finding]
    measure: str = ""
    planted: float = 0.0
    items: int = 200
    liking: float = 0.0
    people: float = 0.0


def names_of(world: BiasedRaters) -> list:
    """Return true names."""
    return [str(NAMES.levels[place]) for place in world.kinds]


def ratios(world: BiasedRaters) -> list[float]:
    """Return lengths of A over B."""
    return (2**world.doublings).tolist()


def length(world: BiasedRaters, **dials: Any) -> Finding:
    """Audit a rater of levels for length."""
    return length_bias(world.ratings(**dials), world.gold, world.lengths, NINE, **OPTIONS)


def told_reliability(world: BiasedRaters, **dials: Any) -> Finding:
    """Do the same with the reliability of the gold, which is a level off the truth with a chance."""
    truth = BiasedRaters(100_000, 0, world.liking).truth.var()
    given = {"reliability": float(truth / (truth + world.people)), **OPTIONS}
    return length_bias(world.ratings(**dials), world.gold, world.lengths, NINE, **given)


def noisy_pairs(world: BiasedRaters) -> Finding:
    """Audit a rater of pairs for length where people are wrong in one verdict of seven."""
    wrong = np.random.default_rng([world.seed, 7]).random(world.items) < 1 / 7
    gold = [{"A": "B", "B": "A"}[str(one)] if off else one for one, off in zip(world.pairs_gold, wrong, strict=True)]
    return length_bias(world.pairs(), gold, ratios(world), PAIRS, **OPTIONS)


def lenient(world: BiasedRaters, **dials: Any) -> Finding:
    """Audit a rater of levels for leniency."""
    return leniency(world.ratings(**dials), world.gold, NINE, **OPTIONS)


def skewed(world: BiasedRaters) -> Finding:
    """Audit a noisy rater of items of which nine in ten have the top level."""
    rng = np.random.default_rng([world.seed, 9])
    gold = np.where(rng.random(world.items) < 0.9, 9, rng.integers(1, 9, world.items))
    rated = np.where(rng.random(world.items) < 0.3, rng.integers(1, 10, world.items), gold)
    return leniency(rated.tolist(), gold.tolist(), NINE, **OPTIONS)


def usage(world: BiasedRaters, **dials: Any) -> Finding:
    """Audit a rater of levels for the levels it uses."""
    return level_usage(world.ratings(**dials), world.gold, NINE, **OPTIONS)


def templates(world: BiasedRaters, **dials: Any) -> Finding:
    """Audit a noisy rater under three templates, of which one has other dials."""
    repeats = [list(row) for row in zip(*(world.ratings(draw=10 + draw) for draw in range(4)), strict=True)]
    variants = {"deployed": world.ratings(), "b": world.ratings(draw=1), "c": world.ratings(draw=2, **dials)}
    return sensitivity(variants, world.gold, NINE, repeats=repeats, **OPTIONS)


def by_part(world: BiasedRaters, shift: float, grouped: bool = False) -> Finding:
    """Audit a rater for parts; grouped items share a group of five of one part."""
    parts = [world.parts[place // 5] for place in range(world.items)] if grouped else world.parts
    groups = [f"g{place // 5}" for place in range(world.items)] if grouped else None
    rated = np.array(world.ratings(parts=None if grouped else {"de": shift}))
    if grouped:  # every group has a shift of its own, which has nothing to do with its part
        rng = np.random.default_rng([world.seed, 5])
        rated = rated + np.repeat(rng.integers(-1, 2, world.items // 5), 5)
    return agreement_by(rated.tolist(), world.gold, parts, NINE, groups=groups, **OPTIONS)


def injection(world: BiasedRaters, obedience: float, noise: float) -> Finding:
    """Audit a rater that is asked for a 9, or (deaf ones) for a 5."""
    clean = world.ratings(noise=0 if obedience else noise)
    after = world.injected(clean, 9, obedience, noise) if obedience else world.ratings(noise=noise, draw=1)
    return injection_effect(clean, after, NINE, target=9 if obedience else 5, **OPTIONS)


ROWS = [
    Row("consistency: never flips", lambda w: consistency(w.repeats(5, flip=0), NINE, **OPTIONS)),
    Row("consistency: flips 0.2", lambda w: consistency(w.repeats(5), NINE, **OPTIONS), "flip rate", 0.32),
    Row(
        "consistency: settled names right in 0.85",
        lambda w: consistency(w.repeated_names(5), NAMES, gold=names_of(w), **OPTIONS),
        "accuracy without noise",
        0.85,
    ),
    Row("sensitivity: none", templates),
    Row("sensitivity: c is 0.7 levels higher", lambda w: templates(w, lenient=0.7)),
    Row(
        "sensitivity: names, 0.13 change",
        lambda w: sensitivity(
            {"deployed": w.named(), "b": w.named(favours=0.15)}, w.named_gold, NAMES, noise=0, **OPTIONS
        ),
        "b: labels changed",
        0.1305,
    ),
    Row("length: none", length, SLOPE),
    Row("length: none, 40 items", length, SLOPE, items=40),
    Row("length: none, people like it", length, SLOPE, liking=0.4),
    Row("length: none, people like it, narrow rater", lambda w: length(w, narrow=0.6), SLOPE, liking=0.4),
    Row("length: none, people like it and are noisy", length, SLOPE, liking=0.4, people=0.5),
    Row("length: the same, reliability told", told_reliability, SLOPE, liking=0.4, people=0.5),
    Row(
        "length: 0.3 a doubling, people like it and are noisy",
        lambda w: length(w, length=0.3),
        SLOPE,
        0.3,
        liking=0.4,
        people=0.5,
    ),
    Row(
        "length: the same, reliability told, 0.3",
        lambda w: told_reliability(w, length=0.3),
        SLOPE,
        0.3,
        liking=0.4,
        people=0.5,
    ),
    Row("length: 0.3 a doubling", lambda w: length(w, length=0.3), SLOPE, 0.3),
    Row("length: 0.3 a doubling, people like it", lambda w: length(w, length=0.3), SLOPE, 0.3, liking=0.4),
    Row(
        "length: none, names",
        lambda w: length_bias(w.named(), w.named_gold, w.lengths, NAMES, **OPTIONS),
        f"share of story {SLOPE}",
    ),
    Row(
        "length: names, 0.087 a doubling",
        lambda w: length_bias(w.named(length=0.1), w.named_gold, w.lengths, NAMES, **OPTIONS),
        f"share of story {SLOPE}",
        0.087,
    ),
    Row(
        "length: none, pairs, people like it",
        lambda w: length_bias(w.pairs(), w.pairs_gold, ratios(w), PAIRS, **OPTIONS),
        LONGER,
        liking=0.2,
    ),
    Row(
        "length: pairs, 0.15 beyond one half",
        lambda w: length_bias(w.pairs(length=0.3), w.pairs_gold, ratios(w), PAIRS, **OPTIONS),
        LONGER,
        0.15,
    ),
    Row(
        "length: pairs, 0.15 beyond one half, people like it",
        lambda w: length_bias(w.pairs(length=0.3), w.pairs_gold, ratios(w), PAIRS, **OPTIONS),
        LONGER,
        0.15,
        liking=0.2,
    ),
    Row("length: none, pairs, people like it and are noisy", noisy_pairs, liking=0.2),
    Row("leniency: none", lenient, "shift"),
    Row("leniency: none, 40 items", lenient, "shift", items=40),
    Row("leniency: none, narrow rater", lambda w: lenient(w, narrow=0.4), "shift"),
    Row("leniency: none, noise on skewed labels", skewed),
    Row("leniency: none, noise on skewed labels, 600 items", skewed, items=600),
    Row("leniency: 0.4 levels", lambda w: lenient(w, lenient=0.4), "shift", 0.4),
    Row("leniency: none, names", lambda w: leniency(w.named(), w.named_gold, NAMES, **OPTIONS)),
    Row(
        "leniency: names, one 0.087 too often",
        lambda w: leniency(w.named(favours=0.1), w.named_gold, NAMES, **OPTIONS),
        "share of story, rater less people",
        0.087,
    ),
    Row("usage: none", usage, people=0.5),
    Row("usage: none, 40 items", usage, people=0.5, items=40),
    Row("usage: none, names", lambda w: level_usage(w.named(), w.named_gold, NAMES, **OPTIONS)),
    Row(
        "usage: 0.6 of all a 5",
        lambda w: usage(w, collapse=0.6, noise=0),
        "share of the rater's most frequent level",
        0.6 + 0.4 / 3,
    ),
    Row("by part: none", lambda w: by_part(w, 0), "bias in de"),
    Row("by part: none, groups with shifts", lambda w: by_part(w, 0, grouped=True)),
    Row("by part: one 0.6 levels higher", lambda w: by_part(w, 0.6), "bias in de", 0.6),
    Row("injection: deaf", lambda w: injection(w, 0, 0.5), "net share moved"),
    Row("injection: deaf, 40 items", lambda w: injection(w, 0, 0.5), "net share moved", items=40),
    Row("injection: obeys in 0.1", lambda w: injection(w, 0.1, 0.3), "net share moved", 0.1),
]


def measure(row: Row, worlds: int) -> dict[str, Any]:
    """Run one row."""
    start, shown, held, values = time.perf_counter(), 0, 0, []
    for seed in range(worlds):
        found = row.run(BiasedRaters(row.items, seed, row.liking, row.people))
        shown += found.shown is True
        one = found.measures.get(row.measure)
        if one is not None and one.value is not None and one.low is not None and one.high is not None:
            values.append(one.value)
            held += one.low <= row.planted <= one.high
    return {
        "row": row.name,
        "worlds": worlds,
        "shown": shown / worlds,
        "planted": row.planted if row.measure else None,
        "mean": float(np.mean(values)) if values else None,
        "held": held / len(values) if values else None,
        "ms": 1000 * (time.perf_counter() - start) / worlds,
    }


def main() -> None:
    """Run, print JSON and a table."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    wanted = sys.argv[2:]
    rows = [measure(row, worlds) for row in ROWS if not wanted or any(row.name.startswith(name) for name in wanted)]
    print(json.dumps(rows))
    print("| world | shown | planted | mean found | interval holds it | ms |")
    print("|---|---:|---:|---:|---:|---:|")
    for row in rows:
        figures = [f"{row['shown']:.1%}"]
        figures += ["" if row[key] is None else f"{row[key]:.3f}" for key in ("planted", "mean")]
        figures += ["" if row["held"] is None else f"{row['held']:.1%}", f"{row['ms']:.0f}"]
        print(f"| {' | '.join([row['row'], *figures])} |")


if __name__ == "__main__":
    main()
