"""How often intervals hold the truth, and how often comparisons find a difference where there is none.

    OMP_NUM_THREADS=1 nice -n 19 python benchmarks/bench_coverage.py --corpora 1000

Corpora are drawn from populations whose coefficients are known (`coverage_population`) and given to the functions that
users call. Prints one JSON line a setting, then tables: for each statistic the share of 95 % intervals that hold the
truth, in brackets the shares that lie wholly below and wholly above it. A share of 95 % over 1,000 corpora has a
standard error of 0.7 percentage points. For the nulls, rater b is exactly as good as a, and the tables show the share
of corpora with p at or below 0.05; a family is found wanting if Holm's rule rejects anything in it. ``--percentile``
takes plain percentile intervals, for comparison: the library's own at the level whose tails are 2.5 %.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from coverage_population import LEVELS, MIXES, Drawn, Population

from accord.data import (
    Estimate,
    Interval,
    Nominal,
    Ordinal,
    agreement,
    holm,
    human_agreement,
    paired_difference,
    permutation_test,
)
from accord.data.metrics.agreement import metrics_of
from accord.data.metrics.icc import icc3
from accord.data.metrics.krippendorff import krippendorff
from accord.data.metrics.label_numbers import pairs_of
from accord.data.metrics.paired_raters import better
from accord.data.statistics.estimate import outside

STARS, NUMBERS, NAMES = Ordinal(1, LEVELS), Interval(1, LEVELS, 1), Nominal(list("abcde"))
PAIRED = ("alpha", "kappa", "tau_b", "icc3", "mae", "mse")
FAMILY = ("alpha", "tau_b", "mae", "accuracy")
LARGE = 1e9
"""Items that the population's chances are multiplied by, so that terms like n - 1 do not matter."""


@dataclass
class Tally:
    """How intervals fared: how many there were, held the truth, lay below it and above it, and their mean width."""

    truth: float
    count: int = 0
    held: int = 0
    below: int = 0
    above: int = 0
    width: float = field(default=0.0)

    def add(self, low: float | None, high: float | None) -> None:
        """Count one interval; none counts as one that does not hold the truth."""
        self.count += 1
        if low is None or high is None:
            return
        self.held += low <= self.truth <= high
        self.below += high < self.truth
        self.above += low > self.truth
        self.width += high - low


def truths(population: Population) -> dict[str, float]:
    """Return the population's coefficients by the names that `measured` uses."""
    found = {}
    cells = np.array(np.unravel_index(np.arange(LEVELS**3), (LEVELS,) * 3)) + 1.0
    weights = population.whole(population.chances).reshape(-1, 1) * LARGE
    scales = {"": STARS, " (nominal)": NAMES, " (interval)": NUMBERS}
    for suffix, scale in scales.items():
        numbers = cells - 1 if scale is NAMES else cells
        a, b = (pairs_of(numbers[side], numbers[2], scale) for side in (0, 1))
        into = [np.stack([np.bincount(side.cell, weights[:, 0], side.x.size)], axis=1) for side in (a, b)]
        for name, metric in metrics_of(scale).items():
            if suffix == "" or name == "alpha":
                found[name + suffix] = float(metric(a, into[0])[0])
            if suffix == "" and name in PAIRED:
                turned = better(name, metric)
                found[f"{name} of a, b compared"] = float(turned(a, into[0])[0] - turned(b, into[1])[0])
    people, codes = population.whole(population.people).reshape(-1, 1) * LARGE, (cells.T - 1).astype(np.int64)
    found["alpha of people"] = float(krippendorff(codes, np.arange(1.0, LEVELS + 1), "ordinal", people)[0])
    both = icc3(cells.T, people)
    return {**found, "icc3 of people": float(both.single[0]), "icc3k of people": float(both.average[0])}


def measured(drawn: Drawn, seed: int, resamples: int, level: float) -> Iterator[tuple[str, float | None, float | None]]:
    """Yield each statistic's name and interval on one corpus."""
    a, b, gold = drawn.labels.tolist()
    options = {"groups": drawn.groups, "resamples": resamples, "seed": seed, "level": level}

    def rows(found: dict[str, Estimate], suffix: str = "") -> Iterator[tuple[str, float | None, float | None]]:
        yield from ((name + suffix, one.low, one.high) for name, one in found.items())

    yield from rows(dict(agreement(a, gold, STARS, **options).metrics))
    names = [["abcde"[label - 1] for label in side] for side in (a, gold)]
    yield from rows({"alpha": agreement(*names, NAMES, **options).metrics["alpha"]}, " (nominal)")
    floats = [[float(label) for label in side] for side in (a, gold)]
    yield from rows({"alpha": agreement(*floats, NUMBERS, **options).metrics["alpha"]}, " (interval)")
    for metric in PAIRED:
        found = paired_difference(a, b, gold, STARS, metric=metric, **options)
        yield f"{metric} of a, b compared", found.low, found.high
    people = [dict(zip("xyz", row, strict=True)) for row in drawn.people.T.tolist()]
    yield from rows(dict(human_agreement(people, STARS, **options).metrics), " of people")


def coverage(population: Population, items: int, corpora: int, resamples: int, *, percentile: bool) -> dict[str, Tally]:
    """Return how the intervals of all statistics fared."""
    tallies = {statistic: Tally(truth) for statistic, truth in truths(population).items()}
    for seed in range(corpora):
        drawn = population.draw(items, seed)
        units = items if drawn.groups is None else len(set(drawn.groups))
        level = 1 - outside(0.025, units) if percentile else 0.95
        for statistic, low, high in measured(drawn, seed, resamples, level):
            tallies[statistic].add(low, high)
    return tallies


def nulls(population: Population, items: int, corpora: int, resamples: int) -> dict[str, float]:
    """Return how often two equally good raters are told apart at 5 %, by test."""
    tests: dict[str, Callable[..., float | None]] = {
        "bootstrap": lambda *given, **options: paired_difference(*given, resamples=resamples, **options).p,
        "permutation": lambda *given, **options: permutation_test(*given, permutations=resamples, **options).p,
    }
    found = {f"{test} {what}": 0 for test in tests for what in (*FAMILY, "family after Holm")}
    for seed in range(corpora):
        drawn = population.draw(items, seed)
        for name, test in tests.items():
            options = {"groups": drawn.groups, "seed": seed}
            p = [test(*drawn.labels.tolist(), STARS, metric=metric, **options) for metric in FAMILY]
            for metric, one in zip(FAMILY, p, strict=True):
                found[f"{name} {metric}"] += one is not None and one <= 0.05
            found[f"{name} family after Holm"] += any(one is not None and one <= 0.05 for one in holm(p))
    return {name: count / corpora for name, count in found.items()}


def main() -> None:
    """Run all settings and print them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpora", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=999)
    parser.add_argument("--items", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--mixes", nargs="+", default=list(MIXES))
    parser.add_argument("--percentile", action="store_true")
    parser.add_argument("--only", choices=["coverage", "nulls"])
    given = parser.parse_args()
    for mix in given.mixes:
        for grouped in (False, True):
            for items in given.items:
                setting = f"{mix}, {items} items" + (f" in {items // 5} groups" if grouped else "")
                if given.only != "nulls":
                    _show_coverage(setting, Population(MIXES[mix], grouped), items, given)
                if given.only != "coverage":
                    _show_nulls(setting, Population(MIXES[mix], grouped, alike=True), items, given)


def _show_coverage(setting: str, population: Population, items: int, given: argparse.Namespace) -> None:
    start = time.process_time()
    tallies = coverage(population, items, given.corpora, given.resamples, percentile=given.percentile)
    shares = {name: round(one.held / one.count, 4) for name, one in tallies.items()}
    print(json.dumps({"setting": setting, "cpu_s": round(time.process_time() - start), "held": shares}))
    for name, one in tallies.items():
        below, above = (100 * side / one.count for side in (one.below, one.above))
        print(
            f"  {name:<26} {one.truth:+.3f}  {100 * one.held / one.count:5.1f} % ({below:.1f}, {above:.1f})"
            f"  width {one.width / one.count:.3f}",
            flush=True,
        )


def _show_nulls(setting: str, population: Population, items: int, given: argparse.Namespace) -> None:
    start = time.process_time()
    found = nulls(population, items, given.corpora, given.resamples)
    print(json.dumps({"setting": f"{setting}, no difference", "cpu_s": round(time.process_time() - start), **found}))
    for name, share in found.items():
        error = 100 * np.sqrt(max(share * (1 - share), 1e-9) / given.corpora)
        print(f"  {name:<32} {100 * share:5.1f} % rejected (+- {error:.1f})", flush=True)


if __name__ == "__main__":
    main()
