"""Knows how compilers measure candidates on dev and which one the gate lets through; not how candidates are made."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import dspy

from ...data import Corpus, InputError, Item, SetupError
from ...data.values import undefined_last
from ...programs import Candidate, Rater
from ..compiler import check_examples, item_id


def dev_corpus(student: Rater, trainset: Sequence[dspy.Example], valset: Sequence[Any] | None) -> Corpus:
    """Return the examples that candidates are measured on as a corpus.

    Items are told apart by ``item_id``, or by their fields where examples have none.

    Args:
        student: The rater that is compiled.
        trainset: All examples it is compiled from.
        valset: Labelled examples.

    Raises:
        SetupError: If there is no valset, or it shares items with the trainset: what is compiled from them cannot be
            judged on them.
        InputError: If an example does not fit the student, or an item is there twice.
    """
    if not valset:
        cure = "Give valset=dev.examples(), with items that are not in the trainset."
        raise SetupError("candidates are compared on dev items and there are none", place="compile", cure=cure)
    examples = check_examples(student, valset, "valset")
    ids = [item_id(student, example) for example in examples]
    seen = set(ids) & {item_id(student, example) for example in trainset}
    if seen:
        what = f"{len(seen)} of {len(ids)} items of the valset are in the trainset, e.g. {min(seen)!r}"
        raise SetupError(what, place="compile", cure="Split first: train, dev, test = corpus.split().")
    items = [
        Item(id, {name: str(example[name]) for name in student.fields}, (), example["label"], example.get("group"))
        for id, example in zip(ids, examples, strict=True)
    ]
    try:
        return Corpus(items, student.scale, student.fields)
    except InputError as error:
        raise InputError(error.what, place=f"valset, {error.place}", cure=error.cure) from None


def choose(candidates: Sequence[Candidate], *, last: Collection[str] = ()) -> tuple[Candidate, ...]:
    """Return the candidates, best first, the first one marked as chosen.

    The best has the highest alpha on dev. Between equals the simpler goes first: one that writes the label alone, then
    the one that was tried earlier. An undefined alpha is worse than any number.

    Args:
        candidates: What was measured.
        last: Names of those that were made to be compared with; they go behind all others, however good they are.
    """

    def rank(candidate: Candidate) -> tuple[bool, float, bool]:
        return (
            candidate.name in last,
            -undefined_last(candidate.dev.metrics["alpha"].value),
            candidate.rater.order != "label",
        )

    ranked = sorted(candidates, key=rank)
    return tuple(replace(candidate, chosen=place == 0) for place, candidate in enumerate(ranked))
