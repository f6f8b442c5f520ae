"""Whether the audits of confidence keep their promises, on many simulated corpora whose truth is known.

    python benchmarks/bench_confidence.py [--corpora 500] [--only calibration risk abstention errors mean detectability]

Prints a table in Markdown for each. The worlds are those of the tests, in tests/worlds/sure_raters.py.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from accord.data import (  # noqa: E402
    agreement,
    calibration,
    detectability,
    fit_abstention,
    human_mean,
    label_errors,
    risk_coverage,
)
from worlds.sure_raters import (  # noqa: E402
    FIVE,
    HUMAN_MEAN,
    THREE,
    Flipped,
    Population,
    Sure,
    Trust,
    TwoRaters,
    boastful,
    confidence_drawn,
    honest,
    modest,
)

ROWS = 200_000
"""Items that stand for the whole population."""

Row = list[str]


def slightly(said: Any) -> Any:
    """Be right a little less often than is said, by 0.03."""
    return said - 0.03


def stepwise(said: Any) -> Any:
    """Be right in 97 % of cases above 0.8, in 55 % below."""
    return np.where(said > 0.8, 0.97, 0.55)


def flat(said: Any) -> Any:
    """Be right in 84.9 % of cases, however sure."""
    return np.full(np.shape(said), 0.849)


TRUSTS: dict[str, Trust] = {"honest": honest, "0.03 too sure": slightly, "0.15 too sure": boastful, "modest": modest}


def bench_calibration(corpora: int) -> Iterator[Row]:
    """Bias and coverage of the calibration error, and how often it is shown."""
    yield ["rater", "items", "true ECE", "plain ECE", "ECE given", "interval holds it", "shown"]
    said = np.sort(confidence_drawn(np.random.default_rng(99), ROWS)).reshape(10, -1)
    for name, trust in TRUSTS.items():
        truth = float(np.abs((trust(said) - said).mean(axis=1)).mean())
        for items in (50, 200, 1000):
            yield _calibrated(name, Sure.of, trust, items, truth, corpora)
    yield _calibrated("honest, groups of 5", lambda *some: Sure.of(*some, grouped=True), honest, 300, 0.0, corpora)


def _calibrated(name: str, made: Callable[..., Sure], trust: Trust, items: int, truth: float, corpora: int) -> Row:
    plain, given, held, shown = [], [], 0, 0
    for seed in range(corpora):
        world = made(items, seed, trust)
        found = calibration(
            world.confidences, world.ratings, world.gold, FIVE, groups=world.groups, resamples=400, seed=seed
        )
        error = found.measures["calibration error (ECE)"]
        plain.append(found.details["plain_ece"])
        given.append(error.value)
        held += error.low <= truth + 1e-12 and truth <= error.high
        shown += bool(found.shown)
    means = f"{truth:.3f}", f"{np.mean(plain):.3f}", f"{np.mean(given):.3f}"
    return [name, f"{items:,}", *means, share(held, corpora), share(shown, corpora)]


def bench_risk(corpora: int) -> Iterator[Row]:
    """Coverage of the gain over a random order, and how often it is shown."""
    yield ["rater", "items", "true gain", "gain found", "interval holds it", "shown"]
    for name, trust in {"honest": honest, "equally good however sure": flat}.items():
        world = Sure.of(ROWS, 99, trust)
        gain = "gain over a random order"
        truth = risk_coverage(world.confidences, world.ratings, world.gold, FIVE, resamples=0).measures[gain].value
        truth = 0.0 if trust is flat else truth
        for items in (50, 200, 1000):
            values, held, shown = [], 0, 0
            for seed in range(corpora):
                world = Sure.of(items, seed, trust)
                found = risk_coverage(world.confidences, world.ratings, world.gold, FIVE, resamples=300, seed=seed)
                one = found.measures[gain]
                values.append(one.value)
                held += one.low is not None and one.low <= truth <= one.high
                shown += bool(found.shown)
            row = [name, f"{items:,}", f"{truth:.3f}", f"{np.mean(values):.3f}"]
            yield [*row, share(held, corpora), share(shown, corpora)]


def bench_abstention(corpora: int) -> Iterator[Row]:
    """How often a fitted threshold breaks its promise, and how much it keeps of what could be kept."""
    yield ["rater", "wanted", "items", "promise broken", "reached", "mean coverage", "best possible"]
    said = np.sort(confidence_drawn(np.random.default_rng(99), ROWS))[::-1]
    for name, trust in {"honest": honest, "good above 0.8": stepwise, "84.9 % however sure": flat}.items():
        risk = np.cumsum(trust(said)) / np.arange(1, ROWS + 1)
        best = 1 - float(np.argmax(risk[::-1] >= 0.85)) / ROWS if (risk >= 0.85).any() else 0.0
        for items in (100, 300, 1000):
            fits = (Sure.of(items, seed, trust) for seed in range(corpora))
            found = [
                fit_abstention(one.confidences, one.ratings, one.gold, FIVE, wanted=0.85, seed=seed)
                for seed, one in enumerate(fits)
            ]
            kept = [0.0 if one.chosen is None else one.chosen.coverage for one in found]
            broken = sum(
                one.chosen is not None and trust(said[said >= one.chosen.confidence]).mean() < 0.85 for one in found
            )
            row = [name, "accuracy 0.85", f"{items:,}", share(broken, corpora), share(np.count_nonzero(kept), corpora)]
            yield [*row, f"{np.mean(kept):.0%}", f"{best:.0%}"]
    yield from _alphas(corpora)


def _alphas(corpora: int) -> Iterator[Row]:
    everyone = Sure.of(20_000, 99, stepwise)
    sure = np.array(everyone.confidences)

    def alpha(threshold: float) -> float:
        kept = np.flatnonzero(sure >= threshold).tolist()
        pair = [[labels[place] for place in kept] for labels in (everyone.ratings, everyone.gold)]
        return agreement(pair[0], pair[1], FIVE, resamples=0).metrics["alpha"].value or 0.0

    wanted = 0.95
    at = {threshold: alpha(threshold) for threshold in np.round(np.arange(0.2, 0.96, 0.01), 2).tolist()}
    best = max(float((sure >= threshold).mean()) for threshold, value in at.items() if value >= wanted)
    for items in (100, 300, 1000):
        kept, broken = [], 0
        for seed in range(corpora // 2):
            one = Sure.of(items, seed, stepwise)
            found = fit_abstention(
                one.confidences, one.ratings, one.gold, FIVE, wanted=wanted, metric="alpha", resamples=300, seed=seed
            )
            kept.append(0.0 if found.chosen is None else found.chosen.coverage)
            broken += found.chosen is not None and alpha(found.chosen.confidence) < wanted
        row = ["good above 0.8", f"alpha {wanted}", f"{items:,}", share(broken, corpora // 2)]
        yield [*row, share(np.count_nonzero(kept), corpora // 2), f"{np.mean(kept):.0%}", f"{best:.0%}"]


def bench_errors(corpora: int) -> Iterator[Row]:
    """Precision of candidates for label errors, promised and kept."""
    yield ["labels", "rater gives", "wrong", "candidates", "precision", "promised", "of the first 5 %",
           "found of all wrong", "share estimated", "shown"]  # fmt: skip
    count, items = max(20, corpora // 5), 500
    for ordered, sharp in ((True, 1.0), (True, 2.5), (False, 1.0)):
        for share_wrong in (0.1, 0.0):
            for bare in (False, True):
                label = ("five levels" if ordered else "three names") + (", too sure" if sharp > 1 else "")
                yield [
                    label,
                    "confidences" if bare else "probabilities",
                    f"{share_wrong:.0%}",
                    *_errors(count, items, share_wrong, sharp, ordered, bare),
                ]


def _errors(count: int, items: int, wrong: float, sharp: float, ordered: bool, bare: bool) -> Row:
    figures: dict[str, list[float]] = {name: [] for name in ("n", "precise", "promised", "top", "recall", "share")}
    shown = 0
    for seed in range(count):
        world = Flipped.of(items, seed, share=wrong, sharp=sharp, ordered=ordered)
        sure = world.confidences if bare else world.beliefs
        found = label_errors(world.ratings, sure, world.gold, FIVE if ordered else THREE, resamples=100, seed=seed)
        hits = [one.place in world.wrong for one in found.candidates]
        figures["n"].append(len(hits))
        figures["share"].append(found.finding.measures["share of wrong labels"].value or 0.0)
        shown += bool(found.finding.shown)
        if hits:
            figures["precise"].append(float(np.mean(hits)))
            figures["promised"].append(float(np.mean([one.probability for one in found.candidates])))
            figures["top"].append(float(np.mean(hits[: items // 20])))
            figures["recall"].append(sum(hits) / max(1, len(world.wrong)))
    mean = {name: float(np.mean(values)) if values else float("nan") for name, values in figures.items()}
    kept = [f"{mean[name]:.0%}" if wrong else "-" for name in ("precise", "promised", "top", "recall")]
    return [f"{mean['n']:.0f} of {items}", *kept, f"{mean['share']:.3f}", share(shown, count)]


def bench_mean(corpora: int) -> Iterator[Row]:
    """Coverage of the prediction-powered interval, and its width beside that of labels alone."""
    yield ["rater", "labels", "rated", "covers", "labels alone cover", "mean width ratio", "largest", "multiplier"]
    raters: dict[str, dict[str, Any]] = {
        "knows nothing": {"right": 0.0},
        "half right, a step too kind": {"right": 0.5, "shift": 1},
        "90 % right": {"right": 0.9},
        "90 % right, groups of 4": {"right": 0.9, "grouped": True},
    }
    for name, dials in raters.items():
        for labelled, unlabelled in ((20, 1000), (100, 1000), (200, 200), (200, 5000)):
            yield [name, f"{labelled:,}", f"{unlabelled:,}", *_means(2 * corpora, labelled, unlabelled, dials)]


def _means(corpora: int, labelled: int, unlabelled: int, dials: dict[str, Any]) -> Row:
    held = {"human mean": 0, "human mean from labels alone": 0}
    ratios, gained = [], []
    for seed in range(corpora):
        world = Population.of(labelled, unlabelled, seed, **dials)
        found = human_mean(
            world.ratings,
            world.gold,
            world.others,
            FIVE,
            groups=world.groups,
            unlabelled_groups=world.other_groups,
            resamples=0,
        )
        one, alone = (found.measures[name] for name in held)
        for name, estimate in zip(held, (one, alone), strict=True):
            held[name] += estimate.low <= HUMAN_MEAN <= estimate.high
        ratios.append((one.high - one.low) / (alone.high - alone.low))
        gained.append(found.measures["label multiplier, realised"].value)
    figures = f"{np.mean(ratios):.2f}", f"{np.max(ratios):.3f}", f"{np.mean(gained):.2f}"
    return [*(share(count, corpora) for count in held.values()), *figures]


def bench_detectability(corpora: int) -> Iterator[Row]:
    """How often two of a kind are told apart, and how often a leaning is found."""
    yield ["rater", "items", "mean AUC", "p <= 0.05", "p <= 0.5"]
    leanings = {"labels as the person does": {}, "kinder by 0.3": {"lenient": 0.3}, "leans to long": {"by_length": 0.4}}
    for name, dials in leanings.items():
        for items in (30, 100, 300):
            found = []
            for seed in range(corpora):
                world = TwoRaters.of(items, seed, **dials)
                found.append(
                    detectability(
                        world.ratings, world.human, FIVE, texts=world.texts, permutations=99, resamples=0, seed=seed
                    )
                )
            p = np.array([one.details["p"] for one in found])
            auc = np.mean([one.measures["AUC"].value for one in found])
            yield [
                name,
                f"{items:,}",
                f"{auc:.3f}",
                share((p <= 0.05).sum(), corpora),
                share((p <= 0.5).sum(), corpora),
            ]


def share(count: Any, of: int) -> str:
    """Write a share with as many digits as it deserves."""
    return f"{int(count) / of:.1%}"


BENCHES: dict[str, Callable[[int], Iterator[Row]]] = {
    "calibration": bench_calibration,
    "risk": bench_risk,
    "abstention": bench_abstention,
    "errors": bench_errors,
    "mean": bench_mean,
    "detectability": bench_detectability,
}


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpora", type=int, default=500)
    parser.add_argument("--only", nargs="+", choices=list(BENCHES), default=list(BENCHES))
    given = parser.parse_args()
    for name in given.only:
        print(f"\n## {name}\n", flush=True)
        for number, row in enumerate(BENCHES[name](given.corpora)):
            print(f"| {' | '.join(row)} |", flush=True)
            if number == 0:
                print("|---" * len(row) + "|", flush=True)


if __name__ == "__main__":
    main()
