"""Knows how a saved rater is measured on a file of human labels; does not know how it was compiled."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data import (
    Agreement,
    Corpus,
    InputError,
    Interval,
    Label,
    Scale,
    agreement,
    constant,
    one_human,
    scale_from_dict,
)
from ..programs import Progress, Rater
from .console import Console, counts
from .data_files import open_corpus
from .report import RaterRow
from .table import SCORES_NOTE, rater_table

SCHEMA = 1
"""Of what ``accord evaluate --json`` prints."""

FEW = 20
"""Items (or groups) below which the note on an interval is worth showing."""

_CONSTANT = {"ordinal": "median", "interval": "mean"}


@dataclass(frozen=True)
class Measured:
    """A rater, a constant answer and one person, each against the gold labels of the same file.

    Attributes:
        rater: The rater's agreement; an item it left without a label counts as the constant answer.
        constant: Agreement of the constant answer.
        answer: The constant answer.
        answer_from: Where it comes from, in words.
        human: One annotator's agreement with the others, or None where no item has two.
        unparsed: Items without a label from the rater, by reason.
        dropped: What loading the file left out, by reason.
        sampled: Items that a rater scored by several replies for want of the levels' probabilities, by reason.
    """

    rater: Agreement
    constant: Agreement
    answer: Label
    answer_from: str
    human: Agreement | None
    unparsed: Mapping[str, int]
    dropped: Mapping[str, int]
    sampled: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data; None stands for what is undefined."""
        return {
            "rater": {
                **self.rater.to_dict(),
                "unparsed_by_reason": dict(self.unparsed),
                "sampled_by_reason": dict(self.sampled),
            },
            "constant": {**self.constant.to_dict(), "label": self.answer, "from": self.answer_from},
            "one_human": None if self.human is None else self.human.to_dict(),
            "dropped": dict(self.dropped),
        }


def measure(rater: Rater, corpus: Corpus, *, seed: int = 0, progress: Progress | None = None) -> Measured:
    """Rate a corpus and measure the ratings beside a constant answer and one person.

    The constant answer is the one that was learned with the rater (``provenance["constant"]``). A rater that has none
    is set against the best constant of the very labels it is measured on, which knows more than any rater could.

    Args:
        rater: Who rates.
        corpus: Items with gold labels.
        seed: Of the bootstraps and of the choice of the one person.
        progress: Called as the ratings come in.
    """
    golds, groups, scale = corpus.golds(), corpus.groups(), corpus.scale
    answer, source = _answer(rater, corpus)
    ratings = rater.rate(corpus, seed=seed, progress=progress)
    human = one_human(corpus, seed=seed)
    return Measured(
        rater=agreement(ratings.labels, golds, scale, scores=ratings.scores, groups=groups, fill=answer, seed=seed),
        constant=agreement([answer] * len(golds), golds, scale, groups=groups, seed=seed),
        answer=answer,
        answer_from=source,
        human=agreement(human.ratings, human.gold, scale, groups=human.groups, seed=seed) if human.items else None,
        unparsed=ratings.unparsed,
        dropped=corpus.dropped,
        sampled=ratings.sampled,
    )


def open_labels(path: Path, rater: Rater, columns: Mapping[str, str | None]) -> Corpus:
    """Open a file of human labels on a rater's scale.

    A rater that was compiled on cut labels reads the labels as they were before the cut, and cuts them alike: its
    provenance holds ``cut: {"scale": ..., "thresholds": [...]}``.

    Raises:
        InputError: For anything wrong with the file, naming place and cure.
    """
    cut = rater.provenance.get("cut")
    if cut is None:
        return open_corpus(path, fields=rater.fields, scale=rater.scale, **_given(columns))
    raw: Scale = scale_from_dict(cut["scale"], place="the rater's provenance")
    if not isinstance(raw, Interval):
        raise InputError(f"labels were cut from a {raw.kind} scale", place="the rater's provenance", cure="Recompile.")
    corpus = open_corpus(path, fields=rater.fields, scale=raw, **_given(columns))
    return corpus.cut(cut["thresholds"], anchors=rater.scale.anchors)


def evaluate_file(
    rater: Rater, data: Path, *, name: str, columns: Mapping[str, str | None], as_json: bool, console: Console
) -> None:
    """Measure a rater on a file of human labels and print what came of it.

    Args:
        rater: Who rates.
        data: The file.
        name: What to call the rater.
        columns: The file's columns by what they are: label, annotator, id, group.
        as_json: Whether to print one JSON document instead of a table.
        console: Where progress and results go.
    """
    corpus = open_labels(data, rater, columns)
    with console.stage("rating") as progress:
        found = measure(rater, corpus, progress=progress)
    if as_json:
        head = {"schema": SCHEMA, "rater_folder": name, "data": str(data), "items": len(corpus)}
        record = {**head, "scale": corpus.scale.to_dict(), **found.to_dict()}
        console.print(json.dumps(record, ensure_ascii=False, allow_nan=False), wrap=False)
        return
    written = corpus.scale.write(found.answer)
    rows = [RaterRow("rater", "candidate", found.rater), RaterRow(f"constant {written}", "baseline", found.constant)]
    if found.human is not None:
        rows.append(RaterRow("one human against the others", "human", found.human))
    console.print(f"{name} on {data}: {len(corpus):,} items\n")
    console.table(rater_table(rows))
    console.print("")
    for line in _notes(found, len(corpus)):
        console.print(line)


def _notes(found: Measured, items: int) -> list[str]:
    """Say what the numbers stand on and need care with."""
    notes = [f"Constant: {found.answer_from}."]
    if found.rater.numbers == "scores":
        notes.append(SCORES_NOTE)
    if found.sampled:
        notes.append(f"Scored by several replies for want of probabilities ({counts(found.sampled)}).")
    if found.unparsed:
        notes.append(f"No label from the rater ({counts(found.unparsed)}): counts as the constant answer.")
    if found.dropped:
        notes.append(f"Left out of the file ({counts(found.dropped)}).")
    if found.human is not None and found.human.n < items:
        notes.append(f"One human against the others: {found.human.n:,} items; the rest have too few labels to tell.")
    for who, measured in (("rater", found.rater), ("one human", found.human)):
        if measured is not None and (measured.metrics["alpha"].low is None or measured.groups < FEW):
            notes.append(f"Alpha of {who}: {measured.metrics['alpha'].note}.")
    return notes


def _answer(rater: Rater, corpus: Corpus) -> tuple[Label, str]:
    recorded = rater.provenance.get("constant")
    if recorded is not None:
        return corpus.scale.read(
            recorded, place="the rater's constant"
        ), "the best constant answer on the rater's training labels"
    kind = _CONSTANT.get(corpus.scale.kind, "majority")
    return constant(corpus.golds(), corpus.scale), f"{kind} of this file's labels (none is recorded with the rater)"


def _given(columns: Mapping[str, str | None]) -> dict[str, Any]:
    return {role: columns.get(role) for role in ("label", "annotator", "id", "group")}
