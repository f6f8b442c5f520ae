"""Knows which tables `bench_objectives` prints, and what is missing in them; does not compute their figures."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from objectives_arms import DRAWS, FIXED, MAIN, PAIRED, PAYS, REFERENCES, Bench
from objectives_figures import NAMES, Arm, Summary, Tables

from accord.data import Corpus, spread

METRICS = ("alpha", "tau_b", "spearman", "mae")


def read_arms(bench: Bench, names: Sequence[str], seeds: Sequence[int]) -> list[Arm]:
    """Return the arms with what records there are; those that also have scores between the levels come twice."""
    arms: list[Arm] = []
    for name in names:
        paths = {seed: bench.record_path(name, seed) for seed in seeds}
        records = {seed: json.loads(path.read_text(encoding="utf-8")) for seed, path in paths.items() if path.exists()}
        arms.append(Arm(name, records))
        if records and all(any(one is not None for one in r.get("scores", [])) for r in records.values()):
            arms.append(Arm(name, records, scored=True))
    return arms


def print_tables(bench: Bench, seeds: Sequence[int]) -> None:
    """Print what is there, say what is missing, and print one JSON line."""
    test = bench.task.corpus.select(bench.items.test)
    main = [arm for group in MAIN + PAIRED for arm in group.arms]
    pays = [arm for group in PAYS for arm in group.arms]
    arms = read_arms(bench, [*FIXED, *main, *REFERENCES, *pays], seeds)
    there = {arm.shown: arm for arm in arms if arm.records and not arm.skipped}
    every = Tables(test, range(len(test)))
    print(f"\n## {bench.task.name}: {len(test)} test items\n")
    print("| rater | alpha | tau-b | Spearman | MAE | unparsed | seeds |\n|---|---|---|---|---|---|---|")
    found: dict[str, Any] = {}
    for arm in there.values():
        figures = {metric: every.summary(arm, metric) for metric in METRICS}
        shown = [str(figures[metric]) for metric in METRICS]
        print(f"| {arm.shown} | {' | '.join(shown)} | {_unparsed(arm)} | {len(arm.records)} |")
        found[arm.shown] = {metric: figure.to_dict() for metric, figure in figures.items()}
    _print_costs(there)
    _print_draws(bench, seeds)
    differences = _print_differences(every, there)
    parts = _print_parts(bench, test, there)
    missing = {
        name: [seed for seed in ([0] if name in FIXED else seeds) if not bench.record_path(name, seed).exists()]
        for name in [*FIXED, *main, *REFERENCES, *pays]
    }
    missing = {name: left for name, left in missing.items() if left}
    skipped = {arm.name: arm.skipped for arm in arms if arm.skipped}
    print(f"\nmissing (arm: seeds): {missing if missing else 'nothing'}; skipped: {skipped if skipped else 'nothing'}")
    print(json.dumps({"corpus": bench.task.name, "arms": found, "differences": differences, "parts": parts}))


PAIRS = (
    ("trace", "label"),
    ("trace, 2x epochs", "label, 2x epochs"),
    ("trace, 2x epochs", "trace"),
    ("label, 2x epochs", "label"),
    ("trace", "label_all"),
    ("trace", "trace_shuffled"),
    ("trace", "label_first"),
    ("trace", "preference"),
    ("regression", "trace"),
    ("regression_expected", "regression"),
    ("trace", "tfidf"),
    ("trace", "teacher"),
    ("label, 2x epochs", "tfidf"),
    ("trace, mean of 5", "trace"),
    ("trace, mean of 5", "label"),
    ("trace, lift weights", "trace"),
    ("trace, own traces", "trace"),
    ("compiled_teacher", "teacher"),
    ("trace, compiled teacher", "trace"),
    ("trace, compiled teacher", "label, compiled teacher"),
    ("trace, compiled teacher, 2x epochs", "label, compiled teacher, 2x epochs"),
    ("trace, compiled teacher, 2x epochs", "trace, 2x epochs"),
    ("trace, compiled teacher, 2x epochs", "label, 2x epochs"),
    ("trace, compiled teacher, 2x epochs", "compiled_teacher"),
    ("trace, 50 labels", "label, 50 labels"),
    ("trace, 200 labels", "label, 200 labels"),
)
"""Which raters are compared: above 0 speaks for the first."""


def _print_differences(every: Tables, there: Mapping[str, Arm]) -> dict[str, Any]:
    print("\n| a - b, paired | alpha | MAE (above 0: a errs less) | seeds |")
    print("|---|---|---|---|")
    found: dict[str, Any] = {}
    for a, b in PAIRS:
        one, other = (there.get(NAMES.get(name, name)) for name in (a, b))
        if one is None or other is None:
            continue
        figures = {metric: every.difference(one, other, metric) for metric in ("alpha", "mae")}
        name = f"{one.shown} - {other.shown}"
        print(f"| {name} | {figures['alpha']} | {figures['mae']} | {figures['alpha'].seeds} |")
        found[name] = {metric: figure.to_dict() for metric, figure in figures.items()}
    return found


def _print_parts(bench: Bench, test: Corpus, there: Mapping[str, Arm]) -> dict[str, Any]:
    """Print how the raters do where an item is hard.

    Hard by people: the labels of its annotators are spread more widely than on half of the items. Hard for words: the
    TF-IDF baseline of the first seed misses the label. Neither looks at the raters that are compared.
    """
    spreads = [spread([one.label for one in item.annotations], test.scale) for item in test]
    middle = float(np.median(spreads))
    parts: dict[str, list[int]] = {
        f"people apart (SD above {middle:.2f})": [place for place, one in enumerate(spreads) if one > middle],
        "people together": [place for place, one in enumerate(spreads) if one <= middle],
    }
    words = there.get(NAMES["tfidf"])
    if words is not None:
        said = next(iter(words.records.values()))["labels"]
        wrong = [place for place, (a, b) in enumerate(zip(said, test.golds(), strict=True)) if a != b]
        parts["TF-IDF misses"] = wrong
        parts["TF-IDF hits"] = sorted(set(range(len(test))) - set(wrong))
    print("\n| part of the test items | n | trace | label | trace - label | the same, 2x epochs |")
    print("|---|---|---|---|---|---|")
    found: dict[str, Any] = {}
    for name, places in parts.items():
        tables = Tables(test, places)
        cells = [_maybe(tables.summary, there, one) for one in ("trace", "label")]
        cells += [_maybe(tables.difference, there, "trace" + twice, "label" + twice) for twice in ("", ", 2x epochs")]
        print(f"| {name} | {len(places)} | {' | '.join('-' if one is None else str(one) for one in cells)} |")
        found[name] = {"n": len(places), "figures": [None if one is None else one.to_dict() for one in cells]}
    return found


def _maybe(compute: Callable[..., Summary], there: Mapping[str, Arm], *names: str) -> Summary | None:
    arms = [there[name] for name in names if name in there]
    return compute(*arms, "alpha") if len(arms) == len(names) else None


def _unparsed(arm: Arm) -> str:
    return _mean([sum(record["unparsed"].values()) for record in arm.records.values() if "unparsed" in record])


def _print_costs(there: Mapping[str, Arm]) -> None:
    """Print what training and rating the test items took, means over seeds; 0 tokens were read from the journal."""
    print("\n| rater | rows | train s | CPU s | tokens | rate s | CPU s | tokens |\n|---|---|---|---|---|---|---|---|")
    for arm in there.values():
        records = list(arm.records.values())
        keys = ("rows", "train_seconds", "train_cpu_seconds", "train_tokens", "rate_seconds", "rate_cpu_seconds")
        cells = [_mean([record.get(key) for record in records]) for key in keys]
        cells.append(_mean([sum(record["rate_tokens"]) for record in records if "rate_tokens" in record]))
        if not arm.scored and any(cell != "-" for cell in cells):
            print(f"| {arm.shown} | {' | '.join(cells)} |")


def _print_draws(bench: Bench, seeds: Sequence[int]) -> None:
    """Print what the teachers' draws for the train items came to, beside what luck would have."""
    for teacher, name in DRAWS.items():
        for path in (bench.record_path(name, seed) for seed in seeds):
            if path.exists():
                drawn = json.loads(path.read_text(encoding="utf-8"))
                curve = ", ".join(
                    f"k={k} {drawn['utilization'][k]:.2f} (luck {drawn['luck'][k]:.2f})" for k in drawn["luck"]
                )
                tokens = f"{drawn['tokens']['prompt']:,} + {drawn['tokens']['completion']:,}"
                whose = f"{NAMES[teacher]}, seed {drawn['seed']}"
                print(f"\n{whose}: {drawn['draws']} draws, {drawn['traces']} traces, {tokens} tokens; {curve}")


def _mean(numbers: Sequence[float | None]) -> str:
    known = [number for number in numbers if number is not None]
    return f"{sum(known) / len(known):,.0f}" if known else "-"
