"""Knows what is on each page of the review and renders it; does not know requests or where choices are kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...data import Choice, Scale
from ..serve import Refused
from .desk import LONGEST_COMMENT, PARTS, ReviewDesk, ReviewPart
from .material import ReviewItem, reviewing_order

_KEYS = 9
"""Keys for answers: the digits from 1."""

TITLES: Mapping[str, str] = {"traces": "Reasoning", "labels": "Labels", "rules": "Rules"}
_VERDICTS: Mapping[str, str] = {"right": "Right", "wrong": "Wrong", "unclear": "Unclear"}


@dataclass(frozen=True)
class Option:
    """One answer that can be given with a key or a click.

    Attributes:
        key: The key; '' for none.
        text: What it says.
        note: A remark on it, e.g. that it is the label now.
        answer: What is sent, as JSON.
        chosen: Whether it is the reviewer's choice so far.
    """

    key: str
    text: str
    answer: str
    note: str = ""
    chosen: bool = False


def start_page(desk: ReviewDesk, nonce: str) -> str:
    """Return the page that asks for a name."""
    return _render("review_start.html", nonce, task=desk.material.task, reviewers=desk.reviewers, path=path_of)


def sign_in_page(nonce: str, *, wrong: bool = False) -> str:
    """Return the page that asks for the token."""
    return _render("review_sign_in.html", nonce, wrong=wrong)


def problem_page(nonce: str, refused: Refused) -> str:
    """Return the page that says why there is no other."""
    return _render("review_problem.html", nonce, message=refused.refusal.error.message, status=refused.status)


def overview_page(desk: ReviewDesk, reviewer: str, nonce: str) -> str:
    """Return the page with how far a reviewer is."""
    parts = desk.parts(reviewer)
    rows = []
    for part in parts:
        place = part.open_after(-1)
        rows.append({"part": part, "done": sum(part.done), "total": len(part.done), "next": place})
    going_on = next((row for row in rows if row["next"] is not None), None)
    return _render(
        "review_overview.html", nonce, task=desk.material.task, reviewer=reviewer, rows=rows, going_on=going_on,
        titles=TITLES, path=path_of,
    )  # fmt: skip


def item_page(desk: ReviewDesk, reviewer: str, part: str, number: int, nonce: str) -> str:
    """Return the page of one thing that is reviewed.

    Args:
        desk: What there is to review.
        reviewer: For whom.
        part: ``traces``, ``labels`` or ``rules``.
        number: Its number in the part, from 1.
        nonce: Of the page's style and script.

    Raises:
        Refused: If there is no such page.
    """
    parts = desk.parts(reviewer)
    here = next((one for one in parts if one.name == part), None)
    if here is None or not 1 <= number <= len(here.subjects):
        raise Refused(404, "not_found", "There is no such page in this review.")
    subject = here.subjects[number - 1]
    choice = desk.choice(reviewer, part, subject)
    common = {
        "task": desk.material.task, "reviewer": reviewer, "part": here, "parts": parts, "number": number,
        "titles": TITLES, "path": path_of, "kind": PARTS[part], "subject": subject, "longest": LONGEST_COMMENT,
        "done": sum(here.done), "chosen": choice is not None,
    }  # fmt: skip
    if part == "rules":
        return _render("review_rule.html", nonce, **common, **_rule(desk, subject, choice))
    item = desk.material.by_id[subject]
    scale = desk.material.scale
    shown = {"item": item, "label": _worded(scale, item.label), "version": item.version}
    if part == "traces":
        return _render("review_trace.html", nonce, **common, **shown, **_trace(item, reviewer, choice))
    return _render("review_label.html", nonce, **common, **shown, **_label(item, scale, choice))


def path_of(reviewer: str, part: str = "", number: int | None = None) -> str:
    """Return the address of a page on this server."""
    ends = [quote(reviewer, safe=""), *([part, str(number)] if number is not None else [])]
    return "/by/" + "/".join(ends)


def next_path(part: ReviewPart, reviewer: str, subject: str) -> str:
    """Return where to go on after a choice: the next thing that is not done, else the overview."""
    place = part.open_after(part.subjects.index(subject)) if subject in part.subjects else part.open_after(-1)
    return path_of(reviewer) if place is None else path_of(reviewer, part.name, place + 1)


def _trace(item: ReviewItem, reviewer: str, choice: Choice | None) -> dict[str, Any]:
    said = {} if choice is None else choice.choice
    options = [
        Option(str(place), item.traces[trace], json.dumps({"trace": trace}), chosen=said.get("trace") == trace)
        for place, trace in enumerate(reviewing_order(item, reviewer), start=1)
    ]
    none = choice is not None and "trace" not in said and "text" not in said
    neither = Option("0", "None of these", "{}", chosen=none)
    return {"options": options, "neither": neither, "own": said.get("text", "")}


def _label(item: ReviewItem, scale: Scale, choice: Choice | None) -> dict[str, Any]:
    said = None if choice is None else choice.choice["label"]
    levels = scale.levels_up_to(30)
    # The digits of levels 1 to 9 are their keys; other labels are counted.
    own = all(isinstance(level, int) and 1 <= level <= _KEYS for level in levels)
    options = []
    for place, level in enumerate(levels, start=1):
        written = scale.write(level)
        key = written if own else str(place) if place <= _KEYS else ""
        note = "the label now" if written == item.label else ""
        text = _worded(scale, written)
        options.append(Option(key, text, json.dumps({"label": written}), note, chosen=said == written))
    cannot = Option("0", "I cannot say", json.dumps({"label": None}), chosen=choice is not None and said is None)
    keep = Option(
        "1", f"Keep {item.label}", json.dumps({"label": item.label}), "the label now", chosen=said == item.label
    )
    doubt = item.doubt
    return {
        "options": options if options else [keep],
        "cannot": cannot,
        "doubt": doubt,
        "believed": "" if doubt is None else _worded(scale, doubt.believed),
        "free": "" if options else scale.describe(),
        "said": "" if said is None else said,
    }


def _rule(desk: ReviewDesk, subject: str, choice: Choice | None) -> dict[str, Any]:
    rule = next(rule for rule in desk.material.rules if rule.id == subject)
    said = {} if choice is None else choice.choice
    options = [
        Option(str(place), text, json.dumps({"verdict": verdict}), chosen=said.get("verdict") == verdict)
        for place, (verdict, text) in enumerate(_VERDICTS.items(), start=1)
    ]
    comment = said.get("comment", "")
    return {"rule": rule, "options": options, "comment": comment, "version": desk.material.guideline}


def _worded(scale: Scale, written: str) -> str:
    """Return a label with what it means."""
    meaning = scale.anchors.get(scale.read(written), "")
    return f"{written}: {meaning}" if meaning else written


def _render(template: str, nonce: str, **content: Any) -> str:
    return _environment().get_template(template).render(nonce=nonce, **content)


@cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
