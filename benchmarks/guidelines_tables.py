"""Knows which tables `bench_guidelines` prints, and what is missing in them; makes no ratings."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from guidelines_runs import CONSTANT, FORCED, ONE_HUMAN, TEACHER, TFIDF, ZERO_SHOT, Bench
from objectives_figures import Arm, Summary, Tables

from accord.data import Corpus

METRICS = ("alpha", "tau_b", "mae")
ACCEPTED, REFUSED = "the gate took it", "the gate kept the original"


def print_tables(benches: Sequence[Bench], modes: Sequence[str], path: Path) -> None:
    """Print what there is of every corpus, and write the same figures as JSON."""
    found = {bench.task.name: _print_corpus(bench, modes) for bench in benches}
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _print_corpus(bench: Bench, modes: Sequence[str]) -> dict[str, Any]:
    _, dev, test = bench.cut()
    tables = Tables(test, range(len(test)))
    alone = {name: found for name in (TEACHER, CONSTANT, TFIDF, ONE_HUMAN) if (found := _read(bench, "", name))}
    raters = {name: {arm: _read(bench, name, arm) for arm in (ZERO_SHOT, FORCED, *modes)} for name in bench.lms}
    told: dict[str, Any] = {"items": [*vars(bench.sizes).values()], "traces": _read(bench, "", "traces")}
    print(f"\n## {bench.task.name}: {len(test)} test items\n")
    if told["traces"]:
        drawn = told["traces"]
        levels = ", ".join(f"{level}: {count}" for level, count in drawn["by_level"].items())
        print(f"{drawn['traces']} traces for {drawn['items']} train items ({levels}); {len(dev)} dev items.\n")
    print("| rater | guideline | alpha | tau-b | MAE | alpha above zero-shot | unparsed | tokens a request | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    told["raters"] = {name: _print_rater(tables, name, arms) for name, arms in raters.items()}
    told["references"] = {}
    for name, record in alone.items():
        figures = _figures(tables, record)
        shown = "the teacher" if name == TEACHER else name
        print(f"| {shown} | {name if name == TEACHER else '-'} | {_cells(figures)} | - | {_rest(record)} |")
        told["references"][name] = {metric: figure.to_dict() for metric, figure in figures.items()}
    print()
    _print_forced(test, raters)
    told["dev"] = _print_dev(raters, modes, len(dev))
    missing = [f"{name}: {arm}" for name, arms in raters.items() for arm, record in arms.items() if not record]
    print(f"\nMissing: {', '.join(missing) if missing else 'nothing'}.")
    return told


def _print_rater(tables: Tables, name: str, arms: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Print zero-shot, and what the best draft of each mode does, whether the gate took it or not."""
    found: dict[str, Any] = {}
    zero = arms[ZERO_SHOT]
    for arm, record in arms.items():
        if not record:
            continue
        compiled = arm not in (ZERO_SHOT, FORCED)
        if compiled and "tried" not in record:
            print(f"| {name} | {arm}: no draft | - | - | - | - | - | - | {record['compile_seconds']:.0f} |")
            continue
        taken = compiled and record["chosen"] != "original"
        # Where dev prefers one draft and accepts another, both were rated; where they are one, `kept` was paid for.
        keys = ("tried",) if not taken else ("kept",) if record["chosen"] == record["best"] else ("kept", "tried")
        for key in keys if compiled else ("",):
            rated = record[key] if compiled else record
            draft = record["chosen"] if key == "kept" else record.get("best")
            accepted = taken and draft == record["chosen"]
            figures = _figures(tables, rated)
            above = tables.difference(_arm(rated), _arm(zero)) if zero and arm != ZERO_SHOT else None
            shown = f"{arm}: {draft}; {ACCEPTED if accepted else REFUSED}" if compiled else arm
            print(f"| {name} | {shown} | {_cells(figures)} | {'-' if above is None else above} | {_rest(rated)} |")
            found[f"{arm}: {draft}" if compiled else arm] = {
                "accepted": accepted,
                **{metric: figure.to_dict() for metric, figure in figures.items()},
                "alpha_above_zero_shot": None if above is None else above.to_dict(),
                **{key: rated[key] for key in ("unparsed", "prompt_tokens", "seconds", "cpu_seconds")},
            }
    return found


def _print_dev(
    raters: Mapping[str, Mapping[str, dict[str, Any]]], modes: Sequence[str], items: int
) -> dict[str, dict[str, Any]]:
    """Print every draft that was measured on dev, and what was not drafted and why."""
    print(
        f"\n| rater | mode | draft | alpha on {items} dev items | above the original | unparsed | tokens | compile s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    found: dict[str, dict[str, Any]] = {}
    for name, arms in raters.items():
        found[name] = {}
        for mode in modes:
            record = arms[mode]
            for number, draft in enumerate(record.get("drafts", ())):
                seconds = f"{record['compile_seconds']:.0f}" if number == 0 else ""
                shown = f"**{draft['name']}**" if draft["name"] == record["chosen"] else draft["name"]
                cells = [_interval(draft["alpha"]), _interval(draft["difference"]), _reasons(draft["unparsed"])]
                print(f"| {name} | {mode} | {shown} | {' | '.join(cells)} | {draft['prompt_tokens']:.0f} | {seconds} |")
            for draft, why in record.get("skipped", {}).items():
                print(f"| {name} | {mode} | {draft} | not drafted: {why} | - | - | - | |")
            found[name][mode] = {key: record.get(key) for key in ("drafts", "skipped", "dropped", "compile_seconds")}
    return found


def _read(bench: Bench, rater: str, arm: str) -> dict[str, Any]:
    path = bench.record_path(rater, arm)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _arm(record: dict[str, Any]) -> Arm:
    return Arm("", {0: record})


def _figures(tables: Tables, record: dict[str, Any]) -> dict[str, Summary]:
    return {metric: tables.summary(_arm(record), metric) for metric in METRICS}


def _cells(figures: Mapping[str, Summary]) -> str:
    return " | ".join(str(figures[metric]) for metric in METRICS)


def _rest(record: Mapping[str, Any]) -> str:
    unparsed = _reasons(record["unparsed"]) if "unparsed" in record else "-"
    rest = (f"{record[key]:.0f}" if key in record else "-" for key in ("prompt_tokens", "seconds"))
    return " | ".join([unparsed, *rest])


def _reasons(unparsed: Mapping[str, int]) -> str:
    """Write ``14 (no_label 12, truncated 2)``: how many answers had no label, and why."""
    if not unparsed:
        return "0"
    return f"{sum(unparsed.values())} ({', '.join(f'{why} {count}' for why, count in unparsed.items())})"


def _print_forced(test: Corpus, raters: Mapping[str, Mapping[str, dict[str, Any]]]) -> None:
    """Say how a model that writes no label chooses where it is forced to, before it was told anything."""
    for name, arms in raters.items():
        if arms[ZERO_SHOT] and arms[FORCED]:
            silent = sum(arms[ZERO_SHOT]["unparsed"].values())
            given = Counter(test.scale.write(label) for label in arms[FORCED]["labels"])
            shares = ", ".join(f"{level}: {given[level]}" for level in map(test.scale.write, test.scale.levels or ()))
            print(f"- {name}, zero-shot: {silent} of {len(test)} replies have no label. Forced: {shares}.")


def _interval(found: Mapping[str, Any] | None) -> str:
    if found is None or found["value"] is None:
        return "-"
    if found["low"] is None:
        return f"{found['value']:.2f}"
    return f"{found['value']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"
