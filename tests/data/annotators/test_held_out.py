"""Annotators taken out of a table: nobody's labels are lost, and gold is that of the others in every form of label."""

from collections.abc import Sequence
from typing import Any

import pytest

from accord.data import InputError, Nominal, Ordinal
from accord.data.annotators.hold_out import HeldOut, hold_out
from accord.data.corpus.layout import Layout
from accord.data.tables.rows import records_table

STARS = Ordinal(1, 5)


def held_out(rows: Sequence[dict[str, Any]], names: Sequence[str], **columns: Any) -> HeldOut:
    layout = Layout(**{"fields": ["text"], "label": "label", "scale": STARS, "id": "text", **columns})
    return hold_out(lambda: records_table(rows), layout, names)


def test_gold_is_made_without_them() -> None:
    rows = [{"text": "a", "label": {"p": 5, "q": 1, "r": 1}}, {"text": "b", "label": {"p": 2}}]
    found = held_out(rows, ["p"])
    assert {item.id: item.gold for item in found.corpus} == {"a": 1}
    assert found.corpus.dropped == {"no labels": 1}
    assert {item.id: item.gold for item in found.people["p"]} == {"a": 5, "b": 2}


def test_a_tie_that_their_label_made_is_broken() -> None:
    rows = [{"text": "a", "label": {"p": "no", "q": "yes"}}, {"text": "b", "label": {"p": "no", "q": "no", "r": "yes"}}]
    found = held_out(rows, ["p"], scale=Nominal(["yes", "no"]))
    assert {item.id: item.gold for item in found.corpus} == {"a": "yes"}
    assert found.corpus.dropped == {"tied majority": 1}


def test_long_tables_lists_and_pairs_of_arrow_are_read_alike() -> None:
    long = [
        {"text": text, "label": label, "who": who}
        for text, labels in (("a", (1, 3)), ("b", (4, 5)))
        for who, label in zip(("annotator 1", "annotator 2"), labels, strict=True)
    ]
    lists = [{"text": "a", "label": [1, 3]}, {"text": "b", "label": [4, 5]}]
    pairs = [
        {"text": row["text"], "label": [(f"annotator {place + 1}", label) for place, label in enumerate(row["label"])]}
        for row in lists
    ]
    for found in (
        held_out(long, ["annotator 1"], annotator="who"),
        held_out(lists, ["annotator 1"]),
        held_out(pairs, ["annotator 1"]),
    ):
        assert found.corpus.golds() == [3, 5]
        assert found.people["annotator 1"].golds() == [1, 4]


def test_several_are_all_taken_out() -> None:
    rows = [{"text": "a", "label": {"p": 5, "q": 4, "r": 1}}]
    found = held_out(rows, ["p", "q"])
    assert found.corpus.golds() == [1]
    assert [found.people[name].golds() for name in ("p", "q")] == [[5], [4]]


def test_somebody_who_is_not_there_is_named_with_who_is() -> None:
    with pytest.raises(InputError, match=r"records: no annotator is called 'x'. The annotators are: p, q."):
        held_out([{"text": "a", "label": {"p": 5, "q": 4}}], ["x"])
