"""Do intervals of Bradley-Terry strengths and of position bias hold what was planted, and is noise taken for bias?

    python benchmarks/bench_pairs.py --simulations 1000

Strengths: five systems, with ties or none, a home effect or none, comparisons alone or in groups that share a taste of
their own; each 95 % interval should hold the planted value in 93 to 97 % of simulations. With a taste of groups the
strengths that hold on average are a little closer together than those planted: there the fit to 100,000 comparisons
stands for the truth. Position bias: raters that name the first in a planted share of their verdicts, and err otherwise;
bias should be shown in at most 5 % of those with none.
"""

import argparse
import json
import time

import numpy as np

from accord.data import Comparison, bradley_terry, position_bias, turned

STRENGTHS = {"s1": 0.9, "s2": 0.4, "s3": 0.0, "s4": -0.4, "s5": -0.9}
TIE, HOME = -0.7, 0.4
GROUP, TASTE = 6, 0.7
"""Comparisons of a group, and the standard deviation of what a group adds to each system's strength."""


def main() -> None:
    """Simulate, print the tables and one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulations", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=400)
    options = parser.parse_args()
    found = {"strengths": [], "position": []}
    print("| comparisons | ties | home | groups | strengths held | tie held | home held | seconds a fit |")
    print("|---|---|---|---|---|---|---|---|")
    for count in (100, 300, 1000):
        for ties, home, grouped in (
            (False, False, False),
            (True, False, False),
            (True, True, False),
            (True, False, True),
        ):
            held = strengths_held(count, ties, home, grouped, options.simulations, options.resamples)
            found["strengths"].append({"comparisons": count, "ties": ties, "home": home, "groups": grouped, **held})
            cells = [held[name] if name in held else None for name in ("strengths", "tie", "home")]
            shown = " | ".join("-" if cell is None else f"{cell:.3f}" for cell in cells)
            print(f"| {count} | {ties} | {home} | {grouped} | {shown} | {held['seconds']:.3f} |", flush=True)
    print("\n| pairs | noise | planted | held | shown | mean flips |\n|---|---|---|---|---|---|")
    for pairs in (50, 200, 1000):
        for noise in (0.0, 0.4):
            for bias in (0.0, 0.1, 0.3):
                told = bias_held(pairs, noise, bias, options.simulations, options.resamples)
                found["position"].append({"pairs": pairs, "noise": noise, "planted": bias, **told})
                cells = f"{told['held']:.3f} | {told['shown']:.3f} | {told['flips']:.2f}"
                print(f"| {pairs} | {noise} | {bias} | {cells} |", flush=True)
    print(json.dumps(found))


def comparisons_of(
    count: int, ties: bool, home: bool, grouped: bool, rng: np.random.Generator
) -> tuple[list[Comparison], list[str]]:
    """Return comparisons that follow the planted strengths, and their groups."""
    names, planted = list(STRENGTHS), np.array(list(STRENGTHS.values()))
    groups = np.arange(count) // GROUP
    taste = rng.normal(0, TASTE, (groups[-1] + 1, len(names))) if grouped else np.zeros((groups[-1] + 1, len(names)))
    a = rng.integers(0, len(names), count)
    b = (a + rng.integers(1, len(names), count)) % len(names)
    first, second = planted[a] + taste[groups, a], planted[b] + taste[groups, b]
    half = HOME / 2 if home else 0.0
    tie = (first + second) / 2 + TIE if ties else np.full(count, -np.inf)
    weights = np.exp(np.stack([first + half, second - half, tie]))
    code = (rng.random(count) > np.cumsum(weights / weights.sum(axis=0), axis=0)).sum(axis=0).clip(0, 2)
    said = [Comparison(names[i], names[j], ("A", "B", "tie")[k]) for i, j, k in zip(a, b, code, strict=True)]
    return said, [str(group) for group in groups]


def strengths_held(
    count: int, ties: bool, home: bool, grouped: bool, simulations: int, resamples: int
) -> dict[str, float]:
    """Return the share of intervals that hold what is true, for strengths, ties and home."""
    truth = {**STRENGTHS, "tie": float(np.exp(TIE)), "home": HOME}
    if grouped:
        many = bradley_terry(comparisons_of(100_000, ties, home, grouped, np.random.default_rng(99))[0], resamples=0)
        truth |= {name: float(one.value or 0.0) for name, one in many.strengths.items()}
        truth["tie"] = float("nan") if many.tie is None or many.tie.value is None else many.tie.value
    held: dict[str, list[bool]] = {"strengths": [], "tie": [], "home": []}
    began = time.perf_counter()
    for number in range(simulations):
        rng = np.random.default_rng([number, count])
        said, groups = comparisons_of(count, ties, home, grouped, rng)
        found = bradley_terry(said, home=home, groups=groups if grouped else None, resamples=resamples, seed=number)
        estimates = {**found.strengths, "tie": found.tie, "home": found.home}
        for name, one in estimates.items():
            if one is not None and one.low is not None and one.high is not None:
                held[name if name in held else "strengths"].append(one.low <= truth[name] <= one.high)
    seconds = (time.perf_counter() - began) / simulations
    return {**{name: float(np.mean(all_)) for name, all_ in held.items() if all_}, "seconds": round(seconds, 4)}


def bias_held(pairs: int, noise: float, bias: float, simulations: int, resamples: int) -> dict[str, float]:
    """Return how often the planted preference is in its interval, how often bias is shown, and the mean flip rate."""
    held, shown, flips = [], [], []
    for number in range(simulations):
        rng = np.random.default_rng([number, pairs])
        gold = rng.choice(["A", "B", "tie"], pairs, p=[0.45, 0.45, 0.1])
        said = []
        for truth in (list(map(str, gold)), [str(turned(str(one))) for one in gold]):
            erred = rng.random(pairs) < noise
            blind = rng.random(pairs) < bias
            random = rng.choice(["A", "B", "tie"], pairs)
            said.append(np.where(blind, "A", np.where(erred, random, truth)).tolist())
        found = position_bias(said[0], said[1], resamples=resamples, seed=number)
        estimate = found.measures["preference for the first shown"]
        if estimate.low is not None and estimate.high is not None:
            held.append(estimate.low <= bias <= estimate.high)
        shown.append(bool(found.shown))
        flips.append(found.measures["flips"].value)
    return {"held": float(np.mean(held)), "shown": float(np.mean(shown)), "flips": float(np.mean(flips))}


if __name__ == "__main__":
    main()
