"""Whether traces paid, said plainly from what raters said of dev items."""

import json

import pytest

from accord.data import Corpus, Item, Label, Ordinal, agreement
from accord.optimizers.finetuning.ablation_verdict import traces_paid
from accord.optimizers.finetuning.measure import MeasuredCandidate
from accord.programs import Candidate, Rater

SCALE = Ordinal(1, 5)
GOLD = [place % 5 + 1 for place in range(40)]
DEV = Corpus([Item(str(place), {"text": str(place)}, (), gold) for place, gold in enumerate(GOLD)], SCALE, ("text",))
WRONG = [6 - gold for gold in GOLD]


def _measured(name: str, labels: list[int]) -> MeasuredCandidate:
    found = agreement(labels, GOLD, SCALE, resamples=200)
    said: tuple[Label | None, ...] = tuple(labels)
    return MeasuredCandidate(Candidate(name, Rater(SCALE), found, 40), said)


def _answer(trace: list[int], label: list[int]) -> str:
    told = traces_paid([_measured("trace", trace), _measured("label", label)], DEV, 3, 0)
    assert json.loads(json.dumps(told)) == told
    return told["answer"]


def test_the_answer_follows_the_interval():
    some = [gold if place % 2 else 3 for place, gold in enumerate(GOLD)]
    assert _answer(GOLD, some).startswith("Yes against the labels of the same items alone (alpha +")
    assert _answer(some, GOLD).startswith("No, they cost against the labels of the same items alone (alpha -")
    assert _answer(some, some) == (
        "Not shown against the labels of the same items alone (alpha +0.00 [+0.00, +0.00] on 40 dev items)"
    )


def test_both_ablations_are_answered_apart():
    told = traces_paid(
        [_measured("trace", GOLD), _measured("trace_shuffled", WRONG), _measured("label", GOLD)], DEV, 3, 0
    )
    assert list(told["against"]) == ["label", "trace_shuffled"]
    assert told["against"]["trace_shuffled"]["low"] > 0 == told["against"]["label"]["difference"]
    first, second = told["answer"].split(". ")
    assert first.startswith("Not shown against the labels") and second.startswith("Yes against rationales of other")
    assert second.endswith("; but 'trace_shuffled' is not above a constant yet: train longer before you believe it")
    assert told["against"]["label"]["items"] == 40


@pytest.mark.parametrize("names", [["trace"], ["label", "trace_shuffled"], ["label_all", "trace"]])
def test_without_a_pair_to_compare_nothing_is_claimed(names):
    told = traces_paid([_measured(name, GOLD) for name in names], DEV, 3, 0)
    assert told == {"answer": "not measured: it takes the objectives trace and label, or trace and trace_shuffled"}
