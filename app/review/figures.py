"""Knows what of people's choices goes into report.json; does not know how the choices are used or shown."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from ...data import Choice, Seen, recognition, standing_choices
from .apply_choices import CHOICES_FILE, LABEL, RULE, TRACE


def review_figures(run: Path, *, seed: int = 0) -> dict[str, Any] | None:
    """Return what people chose about a run as the section ``review`` of report.json; None where nobody chose.

    ``traces`` has how often people recognised their reasoning (share with interval, items resampled), by reviewer, how
    often two of them made the same choice, and what blind choices would give; ``labels`` the verdicts about doubtful
    labels; ``rules`` those about the guideline's rules, with the comments.

    Args:
        run: The run directory.
        seed: Of the bootstrap.

    Raises:
        InputError: If the record of choices cannot be read.
    """
    choices = standing_choices(run / CHOICES_FILE)
    if not choices:
        return None
    by_kind: dict[str, list[Choice]] = {TRACE: [], LABEL: [], RULE: []}
    for one in choices:
        by_kind[one.kind].append(one)
    return {
        "reviewers": sorted({one.reviewer for one in choices}),
        "traces": _traces(by_kind[TRACE], seed) if by_kind[TRACE] else None,
        "labels": _labels(by_kind[LABEL]) if by_kind[LABEL] else None,
        "rules": _rules(by_kind[RULE]),
    }


def review_entry(run: Path, *, seed: int, used: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the section ``review`` of report.json under its name; nothing where nobody chose.

    Args:
        run: The run directory.
        seed: Of the bootstrap.
        used: What of the choices is in the rater; None where it was compiled without them.
    """
    figures = review_figures(run, seed=seed)
    if figures is None:
        return {}
    counted = ("picks", "written", "labels")
    told = None if used is None else {**{name: len(used[name]) for name in counted}, "gone": used["gone"]}
    return {"review": {**figures, "used": told}}


def _traces(choices: Sequence[Choice], seed: int) -> dict[str, Any]:
    seen = [
        Seen(
            one.reviewer,
            one.subject,
            frozenset(one.shown),
            str(one.choice.get("trace", "")),
            str(one.choice.get("stood", "")),
        )
        for one in choices
    ]
    found = recognition(seen, seed=seed)
    counted = {name: _counted([one for one in choices if one.reviewer == name]) for name in found.by_person}
    return {
        **_counted(choices),
        "items": found.items,
        "recognised": found.share.to_dict(),
        "by_reviewer": {name: {**counted[name], "recognised": one.to_dict()} for name, one in found.by_person.items()},
        "stood": {**found.stood.to_dict(), "by_chance": found.stood_by_chance},
        "agreement": {**found.agreement.to_dict(), "by_chance": found.by_chance, "pairs": found.pairs},
    }


def _counted(choices: Sequence[Choice]) -> dict[str, int]:
    picked = sum(1 for one in choices if one.choice.get("trace"))
    own = sum(1 for one in choices if one.choice.get("text"))
    return {"choices": len(choices), "picked": picked, "own_words": own, "none": len(choices) - picked - own}


def _labels(choices: Sequence[Choice]) -> dict[str, Any]:
    by_item: dict[str, list[Choice]] = defaultdict(list)
    for one in choices:
        by_item[one.subject].append(one)
    said = [[one.choice["label"] for one in own if one.choice["label"] is not None] for own in by_item.values()]
    pairs = [a == b for labels in said for a, b in combinations(labels, 2)]
    names = sorted({one.reviewer for one in choices})
    return {
        **_verdicts(choices),
        "items": len(by_item),
        "by_reviewer": {name: _verdicts(one for one in choices if one.reviewer == name) for name in names},
        "agreement": {"value": sum(pairs) / len(pairs) if pairs else None, "pairs": len(pairs)},
    }


def _verdicts(choices: Iterable[Choice]) -> dict[str, int]:
    found: Counter[str] = Counter(choices=0, kept=0, changed=0, cannot_say=0)
    for one in choices:
        label = one.choice["label"]
        found["choices"] += 1
        found["cannot_say" if label is None else "kept" if label == one.choice["old"] else "changed"] += 1
    return dict(found)


def _rules(choices: Sequence[Choice]) -> list[dict[str, Any]]:
    by_rule: dict[str, list[Choice]] = defaultdict(list)
    for one in choices:
        by_rule[one.subject].append(one)
    return [
        {
            "rule": rule,
            "text": own[-1].choice["rule"],
            "verdicts": dict(Counter(str(one.choice["verdict"]) for one in own)),
            "comments": [
                {"reviewer": one.reviewer, "comment": one.choice["comment"]} for one in own if one.choice["comment"]
            ],
        }
        for rule, own in by_rule.items()
    ]
