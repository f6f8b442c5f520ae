"""Knows everything that the page about a run plots, as tidy tables; does not know how it is drawn."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...data import Finding, Scale
from ..results import RatedItem
from .findings import RunFindings, find_out, length_of
from .run_contents import RunContents, names_of, read_run

_Row = dict[str, Any]
TableRows = list[_Row]


def run_tables(run: str | Path) -> dict[str, Any]:
    """Return everything that ``accord report`` plots, as one ``pyarrow.Table`` a plot, by its name.

    Accord does not depend on pandas; where it is installed, ``table.to_pandas()`` makes a data frame. A run that lacks
    something has the table all the same, without rows. Labels are written as in files; ``low`` and ``high`` are the
    ends of 95 % intervals.

    Tables: ``raters`` (a row for each rater and metric), ``comparisons``, ``confusion``, ``ratings`` (a row for each
    test item and rater), ``differences``, ``utilization``, ``utilization_by``, ``hit_rates``, ``length``,
    ``risk_coverage``, ``calibration``, ``training``, ``drafts``, ``guideline``, ``costs``, ``suspects``.

    Args:
        run: The run directory.

    Raises:
        InputError: If it is no run directory.
    """
    import pyarrow

    contents = read_run(Path(run))
    rows = tables_of(contents, find_out(contents))
    return {name: pyarrow.Table.from_pylist(found) for name, found in rows.items()}


def tables_of(contents: RunContents, findings: RunFindings) -> dict[str, TableRows]:
    """Return the rows of every table; see `run_tables`."""
    report = contents.report
    return {
        "raters": _raters(contents),
        "comparisons": [dict(one) for one in report.get("comparisons", ())],
        "confusion": _confusion(contents),
        "ratings": _ratings(contents.items),
        "differences": differences(contents),
        "utilization": _utilization(report.get("traces", {})),
        "utilization_by": _utilization_by(report.get("traces", {})),
        "hit_rates": _hit_rates(contents.traces),
        "length": [
            {"shortest": part.shortest, "longest": part.longest, "items": part.items, **part.off.to_dict()}
            for part in findings.parts
        ],
        "risk_coverage": _curve(findings.coverage),
        "calibration": _curve(findings.calibration),
        "training": _training(contents),
        "drafts": [_flat(draft) for draft in report.get("drafts", ())],
        "guideline": [dict(vars(change)) for change in contents.changes],
        "costs": _costs(report),
        "suspects": [dict(one) for one in report.get("traces", {}).get("suspects", {}).get("first", ())],
    }


def _raters(contents: RunContents) -> TableRows:
    return [
        {
            "rater": row["name"],
            "kind": row["kind"],
            "chosen": row["name"] == contents.chosen,
            "split": "test",
            "n": row["n"],
            "unparsed": row["unparsed"],
            "metric": metric,
            **{name: found.get(name) for name in ("value", "low", "high", "note")},
        }
        for row in contents.rows
        for metric, found in row["metrics"].items()
    ]


def _ratings(items: Sequence[RatedItem]) -> TableRows:
    return [
        {
            "item_id": item.id,
            "group": item.group,
            "gold": item.gold,
            "length": length_of(item),
            "rater": name,
            "label": said.label,
            "score": said.score,
            "confidence": said.confidence,
        }
        for item in items
        for name, said in item.said.items()
    ]


def _confusion(contents: RunContents) -> TableRows:
    counts = Counter((name, item.gold, said.label) for item in contents.items for name, said in item.said.items())
    names = names_of(contents.items)
    place = label_order(contents.scale)
    return [
        {"rater": name, "gold": gold, "label": label, "items": count}
        for (name, gold, label), count in sorted(
            counts.items(), key=lambda one: (names.index(one[0][0]), place(one[0][1]), place(one[0][2]))
        )
    ]


def label_order(scale: Scale | None) -> Any:
    """Return a key that sorts written labels as their scale does; no label comes last."""

    def key(label: str | None) -> tuple[float, str]:
        if label is None:
            return float("inf"), ""
        return (0.0 if scale is None else scale.position(scale.read(label))), label

    return key


def differences(contents: RunContents) -> TableRows:
    """Return the items where the saved rater and people differ, the furthest apart first.

    Of items that are equally far, those come first on which the rater was surer, then those on which people were more
    of one mind.
    """
    scale, name = contents.scale, contents.chosen
    if scale is None:
        return []
    rows: list[tuple[tuple[float, ...], _Row]] = []
    for item in contents.items:
        said = item.said.get(name)
        if said is None or said.label is None:
            continue
        gold, label = scale.read(item.gold), scale.read(said.label)
        apart = scale.distance(label, gold) if said.score is None else abs(said.score - scale.value(gold))
        if apart > 0:
            sure = 0.0 if said.confidence is None else said.confidence
            shared = item.people.count(item.gold) / len(item.people) if item.people else 0.0
            row = {"item_id": item.id, "gold": item.gold, "label": said.label, "score": said.score, "distance": apart}
            rows.append(((-apart, -sure, -shared), row))
    return [row for _, row in sorted(rows, key=lambda one: (one[0], one[1]["item_id"]))]


def _utilization(traces: Mapping[str, Any]) -> TableRows:
    luck = traces.get("luck", {})
    return [
        {"k": int(k), "matched": share, "luck": luck.get(k), "items": traces.get("items"), "split": "train"}
        for k, share in traces.get("utilization", {}).items()
    ]


def _utilization_by(traces: Mapping[str, Any]) -> TableRows:
    from scipy.stats import binomtest

    rows: TableRows = []
    for part in ("by_level", "by_disagreement"):
        for name, found in traces.get(part, {}).items():
            held = binomtest(found["accepted"], found["items"]).proportion_ci(0.95, method="wilson")
            share = {"matched": found["accepted"] / found["items"], "low": float(held.low), "high": float(held.high)}
            rows.append({"part": part.removeprefix("by_"), "name": name, **found, **share, "split": "train"})
    return rows


def _hit_rates(traces: Sequence[Mapping[str, Any]]) -> TableRows:
    """Count items by their hits where all have as many draws, else by tenths of the hit rate."""
    drawn = [trace for trace in traces if trace["draws"]]
    made = {trace["draws"] for trace in drawn}
    if not drawn:
        return []
    if len(made) == 1 and (most := made.pop()) <= 32:
        counts = Counter(trace["hits"] for trace in drawn)
        return [{"hit_rate": hits / most, "name": f"{hits}/{most}", "items": counts[hits]} for hits in range(most + 1)]
    parts = Counter(min(int(10 * trace["hits"] / trace["draws"]), 9) for trace in drawn)
    return [
        {"hit_rate": part / 10 + 0.05, "name": f"{part * 10} to {part * 10 + 10} %", "items": parts[part]}
        for part in range(10)
    ]


def _curve(finding: Finding | None) -> TableRows:
    return [] if finding is None else [dict(row) for row in finding.details.get("curve", ())]


def _training(contents: RunContents) -> TableRows:
    rows: TableRows = []
    for one in contents.training:
        rows += [
            {"candidate": one.name, "rows": "training", "step": step, "loss": loss}
            for step, loss in zip(one.steps, one.losses, strict=True)
        ]
        rows += [
            {"candidate": one.name, "rows": "dev", "step": step, "loss": loss}
            for step, loss in zip(one.dev_steps, one.dev_losses, strict=True)
        ]
    return rows


def _flat(draft: Mapping[str, Any]) -> _Row:
    difference = draft.get("difference", {})
    told = {name: draft.get(name) for name in ("name", "outcome", "why", "alpha", "tokens")}
    return {**told, **{name: difference.get(name) for name in ("value", "low", "high")}}


def _costs(report: Mapping[str, Any]) -> TableRows:
    """Return what was paid for draws and trainings, and how long each stage took."""
    traces = report.get("traces", {})
    rows: TableRows = []
    for what, key in (("draws, whenever they were made", "cost"), ("draws, in this run alone", "spent")):
        paid = traces.get(key)
        if paid:
            names = ("draws", "calls", "prompt_tokens", "completion_tokens", "usd")
            rows.append({"what": what, **{name: paid.get(name) for name in names}, "seconds": None})
    for candidate in report.get("candidates", ()):
        details = candidate.get("details", {})
        if details.get("tokens") and "seconds" in details:
            what = f"training {candidate['name']}"
            rows.append({"what": what, "prompt_tokens": details["tokens"], "seconds": details["seconds"]})
    rows += [{"what": stage, "seconds": seconds} for stage, seconds in report.get("seconds", {}).items()]
    return rows
