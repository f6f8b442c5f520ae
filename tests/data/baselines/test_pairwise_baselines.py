"""Baselines of pairs: the longer one and words apart, found by the fields' names, and alike in both orders."""

import numpy as np
import pytest

from accord.data import (
    BASELINES,
    Corpus,
    Item,
    Nominal,
    Pair,
    Pairwise,
    SetupError,
    agreement,
    baseline_ratings,
    pair_fields,
    pair_length_baseline,
    pair_tfidf_baseline,
    turned,
)

FIELDS = ("question", "answer_a", "answer_b")


def _pairs(verdict_of, count=120, *, seed=0, fields=FIELDS, scale=None):
    """Pairs of texts of random length and words, each with the verdict that a rule gives."""
    rng = np.random.default_rng(seed)
    items = []
    for number in range(count):
        sides = [" ".join(rng.choice(["fine", "poor", "one", "two"], rng.integers(1, 30))) for _ in range(2)]
        texts = dict(zip(fields, (f"question {number}", *sides), strict=True))
        items.append(Item(f"i{number}", texts, gold=verdict_of(*sides)))
    return Corpus(items, Pairwise() if scale is None else scale, fields)


def _longer(a, b):
    return "tie" if abs(len(a) - len(b)) < 8 else "A" if len(a) > len(b) else "B"


def _finer(a, b):
    gap = a.count("fine") / len(a.split()) - b.count("fine") / len(b.split())
    return "A" if gap > 0 else "B"


def _measured(found, test, metric):
    value = agreement(found, test.golds(), test.scale, resamples=0).metrics[metric].value
    assert value is not None
    return value


def _exchanged(corpus):
    _, a, b = corpus.fields
    items = [Item(one.id, {**one.fields, a: one.fields[b], b: one.fields[a]}) for one in corpus]
    return Corpus(items, corpus.scale, corpus.fields)


@pytest.mark.parametrize("turn", [False, True])
def test_the_length_baseline_learns_the_longer_or_the_shorter(turn):
    train, test = (_pairs(lambda a, b: turned(_longer(a, b)) if turn else _longer(a, b), seed=seed) for seed in (0, 1))
    found = pair_length_baseline(train, test)
    assert _measured(found, test, "accuracy") > 0.8
    # The texts of both together say nothing.
    both = BASELINES["length"](
        [item.text for item in train], train.golds(), [item.text for item in test], test.scale, 0
    )
    assert _measured(both, test, "kappa") < 0.2


def test_the_tfidf_baseline_learns_which_side_a_word_is_on():
    train, test = _pairs(_finer, 300), _pairs(_finer, seed=1)
    found = pair_tfidf_baseline(train, test)
    assert _measured(found, test, "accuracy") > 0.8


@pytest.mark.parametrize("fit", [pair_length_baseline, pair_tfidf_baseline])
def test_the_exchanged_pair_gets_the_verdict_turned_round(fit):
    train, test = _pairs(_longer), _pairs(_longer, 40, seed=1)
    assert fit(train, _exchanged(test)) == [turned(label) for label in fit(train, test)]


def test_every_baseline_is_asked_and_pairs_get_their_own():
    train, test = _pairs(_longer), _pairs(_longer, 30, seed=1)
    found = baseline_ratings(train, test)
    assert list(found) == list(BASELINES)
    assert found["length"] == pair_length_baseline(train, test)
    assert found["tfidf"] == pair_tfidf_baseline(train, test)
    # Fields that are no pair, and other scales, are read as one text.
    other = _pairs(_longer, fields=("question", "answer", "reply"))
    texts = [item.text for item in other]
    assert baseline_ratings(other, other)["length"] == BASELINES["length"](texts, other.golds(), texts, other.scale, 0)
    names = _pairs(_finer, scale=Nominal(["A", "B"]))
    texts = [item.text for item in names]
    assert baseline_ratings(names, names)["tfidf"] == BASELINES["tfidf"](texts, names.golds(), texts, names.scale, 0)


@pytest.mark.parametrize("fit", [pair_length_baseline, pair_tfidf_baseline])
def test_little_or_flat_training_data_has_an_answer(fit):
    test = _pairs(_longer, 3, seed=1)
    assert fit(_pairs(lambda a, b: "tie", 5), test) == ["tie"] * 3
    assert fit(_pairs(_longer, 20), test[:0]) == []
    one = Corpus([Item("x", dict(zip(FIELDS, ("q", "", ""), strict=True)), gold="A")], Pairwise(), FIELDS)
    assert fit(one, test) == ["A"] * 3
    empty = [Item(f"e{gold}", dict(zip(FIELDS, ("q", "", ""), strict=True)), gold=gold) for gold in ("A", "B")]
    assert len(fit(Corpus(empty, Pairwise(), FIELDS), test)) == 3
    no_tie = Corpus(
        [Item(i.id, i.fields, gold=_finer(*list(i.fields.values())[1:])) for i in test], Pairwise(tie=False), FIELDS
    )
    assert set(fit(no_tie, no_tie)) <= {"A", "B"}


def test_fields_and_scales_that_are_no_pair_are_refused():
    other = _pairs(_longer, fields=("question", "answer", "reply"))
    with pytest.raises(SetupError, match="which two of question, answer, reply are compared cannot be told"):
        pair_length_baseline(other, other)
    assert len(pair_length_baseline(other, other, pair=Pair("answer", "reply"))) == len(other)
    names = _pairs(_finer, scale=Nominal(["A", "B"]))
    with pytest.raises(SetupError, match="the nominal scale has no verdicts on pairs"):
        pair_tfidf_baseline(names, names)


@pytest.mark.parametrize(
    ("fields", "pair"),
    [
        (("prompt", "response_a", "response_b"), ("response_a", "response_b")),
        (("response_b", "response_a"), ("response_a", "response_b")),
        (("responseA", "responseB"), ("responseA", "responseB")),
        (("text1", "text2"), ("text1", "text2")),
        (("answer_1", "answer_2", "context"), ("answer_1", "answer_2")),
        (("first_reply", "second_reply"), ("first_reply", "second_reply")),
        (("reply_first", "reply_second"), ("reply_first", "reply_second")),
        (("left", "right"), ("left", "right")),
        (("A", "B"), ("A", "B")),
        (("a", "b", "c"), ("a", "b")),
        (("text",), None),
        (("text", "reply"), None),
        (("data", "datb"), None),
        (("prompt_a", "prompt_b", "reply_a", "reply_b"), None),
    ],
)
def test_the_pair_is_found_by_the_names(fields, pair):
    assert pair_fields(fields) == pair
