"""What a distilled guideline is worth where people follow a rule that nobody wrote down, and where there is none.

    python benchmarks/bench_hidden_rule.py [--stories 480] [--seeds 5] [--null-seeds 40]

A simulated world: people give stories that break off two points less, and the guideline does not say so. Raters are
stubs that follow what is written, each with noise of its own. For each seed and mode the guideline is distilled from
blind traces; printed are alpha with people on dev and test before and after, the paired difference on test, and how far
three raters agree with each other (ICC(3,1)) before and after. Then the same without the rule: how often the gate of
`DistillGuideline` replaces a guideline that cannot be bettered. Prints one JSON line and a table.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from accord.data import paired_difference
from accord.optimizers import DistillGuideline, Exhaust, RejectionSampling
from accord.programs import Rater, interrater
from worlds.rule_world import GUIDELINE, RuleWorld, writer

MODES = ("extractive", "two_stage")


def main() -> None:
    """Measure everything, print the JSON line and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=480)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--null-seeds", type=int, default=40)
    options = parser.parse_args()
    rows = [learned(options.stories, seed, mode) for mode in MODES for seed in range(options.seeds)]
    replaced = sum(changed(seed) for seed in range(options.null_seeds))
    print(json.dumps({"settings": vars(options), "rows": rows, "replaced where nothing is hidden": replaced}))
    print(f"\n{'mode':<11} {'seed':>4} {'dev':>13} {'test':>13} {'difference on test':>24} {'ICC(3,1) of three':>26}")
    for row in rows:
        spans = [f"{row[name][0]:.2f} -> {row[name][1]:.2f}" for name in ("dev", "test", "icc3")]
        gain = "{:+.2f} [{:+.2f}, {:+.2f}]".format(*row["difference"])
        change = "{} [{:+.2f}, {:+.2f}]".format(spans[2], *row["icc3_change"])
        print(f"{row['mode']:<11} {row['seed']:>4} {spans[0]:>13} {spans[1]:>13} {gain:>24} {change:>32}")
    print(f"\nnothing hidden: the gate replaced the guideline in {replaced} of {options.null_seeds} seeds")


def distilled(world: RuleWorld, student: Rater, draws: int, **options: Any) -> Rater:
    """Return the rater with the guideline that the traces of the first half make, chosen on the next quarter."""
    half, dev_end = world.stories // 2, world.stories * 3 // 4
    traces = RejectionSampling(draws, stop=Exhaust()).infer(world.teacher(), trainset=world.corpus[:half].examples())
    valset = world.corpus[half:dev_end].examples()
    return DistillGuideline(**options).compile(student, trainset=traces, valset=valset)


def learned(stories: int, seed: int, mode: str) -> dict[str, Any]:
    """Return what was found in one world with a hidden rule."""
    world = RuleWorld(stories=stories, seed=seed)
    raters = {name: world.rater(name) for name in ("first", "second", "third")}
    student = raters["first"]
    compiled = distilled(world, student, 8, **({"writer": writer()} if mode == "two_stage" else {"cases_per_level": 0}))
    original = next(one for one in compiled.candidates if one.name == "original")
    test = world.corpus[stories * 3 // 4 :]
    ratings = [rater.rate(test).labels for rater in (student, compiled)]
    before, after = (student.agreement(test), compiled.agreement(test))
    gain = paired_difference(ratings[1], ratings[0], test.golds(), test.scale)
    told = {name: rater.variant(guideline=compiled.guideline) for name, rater in raters.items()}
    change = interrater(told, test, before=raters).change
    if change is None:
        raise SystemExit("interrater says nothing of the raters before")
    return {
        "mode": mode,
        "seed": seed,
        "dev": [original.dev.metrics["alpha"].value, compiled.candidates[0].dev.metrics["alpha"].value],
        "test": [before.metrics["alpha"].value, after.metrics["alpha"].value],
        "difference": [gain.value, gain.low, gain.high],
        "icc3": [change.before.icc3.value, change.after.icc3.value],
        "icc3_change": [change.icc3.low, change.icc3.high],
    }


def changed(seed: int) -> bool:
    """Return whether the gate replaced a guideline where every change only shakes the rater."""
    world = RuleWorld(stories=120, seed=seed, hidden=False, nervous=0.5)
    return distilled(world, world.rater("student"), 4).guideline != GUIDELINE


if __name__ == "__main__":
    main()
