"""Knows what became of each draft of a guideline, and says it in words; does not measure or choose."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...data import Corpus
from ...programs import Candidate
from ..drafts import Draft, Drafts

FEWEST_DEV_ITEMS = 30
"""Items of dev below which nothing is claimed of a difference: percentile intervals are too short there."""


def gate_refusal(difference: Mapping[str, Any], *, better: bool) -> str:
    """Return why a draft did not pass the gate.

    Args:
        difference: To the original, with its interval.
        better: Whether it had to be better beyond luck; otherwise only higher and not worse.
    """
    value, low, high = (difference[name] for name in ("value", "low", "high"))
    if value is None or low is None or high is None:
        return "the difference to the original has no interval"
    if high < 0:
        return "worse than the original"
    if better and value > 0:
        return "not better beyond luck: the interval reaches 0"
    return "no better than the original"


def outcomes_of(ranked: Sequence[Candidate], proposed: Drafts, dev: Corpus) -> dict[str, Any]:
    """Return what came of a distillation, as plain data for the provenance of the chosen rater.

    Args:
        ranked: All that were rated on dev, the chosen one first; their details have ``outcome``, ``why``, ``tokens``.
        proposed: What was proposed, with the reasons of what was skipped and left out.
        dev: The items they were rated on.
    """
    best = ranked[0]
    measured = {"corpus": dev.hash, "items": len(dev), "alpha": best.dev.metrics["alpha"].value}
    return {
        "chosen": best.name,
        "items": best.items,
        **best.details,
        "dropped": {name: dict(counts) for name, counts in proposed.dropped.items()},
        "skipped": dict(proposed.skipped),
        "drafts": _rows(ranked, proposed.skipped),
        "dev": {**measured, "claim": len(dev) >= FEWEST_DEV_ITEMS},
    }


def _rows(candidates: Sequence[Candidate], skipped: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a row for every draft, the chosen one first and those that were skipped last."""
    rows: list[dict[str, Any]] = []
    for one in candidates:
        alphas = one.details.get("alphas")
        known = [] if alphas is None else [value for value in alphas.values() if value is not None]
        alpha = one.dev.metrics["alpha"].value if alphas is None else None
        mean = sum(known) / len(known) if known and len(known) == len(alphas or ()) else alpha
        row = {"name": one.name, "outcome": one.details["outcome"], "why": one.details["why"], "alpha": mean}
        found = one.details.get("difference")
        kept = {} if found is None else {name: found[name] for name in ("value", "low", "high", "level")}
        rows.append({**row, "tokens": one.details["tokens"], **({"difference": kept} if kept else {})})
    return rows + [{"name": name, "outcome": "skipped", "why": why} for name, why in skipped.items()]


def warnings_of(
    dev: int, candidates: Sequence[Candidate], drafts: Sequence[Draft], untold: Sequence[str], wanted: Mapping[str, int]
) -> list[str]:
    """Return what to be careful about, as sentences.

    Args:
        dev: Items of dev.
        candidates: All that were rated, the chosen one first.
        drafts: All that were proposed.
        untold: Labels, as written, of which there is no trace.
        wanted: How many traces of each label the parts of a guideline were to be made of.
    """
    said: list[str] = []
    if dev < FEWEST_DEV_ITEMS:
        said.append(f"Dev has {dev} items, fewer than {FEWEST_DEV_ITEMS}: what it says of the drafts is no claim.")
    if untold:
        said.append(f"No trace has the label {', '.join(untold)}: the drafts rest on the traces of the other labels.")
    for part, count in wanted.items():
        found = (draft.details.get("short_of_traces", {}).get(part, {}) for draft in drafts)
        short = {level: number for one in found for level, number in one.items() if number}
        if short:
            shown = ", ".join(f"{number} of label {level}" for level, number in short.items())
            said.append(f"The {part} was to rest on {count} traces of each label, and there are fewer: {shown}.")
    for one in candidates:
        warning = one.details.get("difference", {}).get("warning", "")
        if warning and one.chosen:
            said.append(f"With '{one.name}' {warning}.")
        elif warning:
            said.append(f"With '{one.name}', which was not chosen, {warning}.")
    return said
