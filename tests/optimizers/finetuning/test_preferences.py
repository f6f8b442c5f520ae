"""Pairs of replies: the better one has the human label, the worse is off by the margin, and all items are counted."""

import json
import random
from dataclasses import replace
from itertools import pairwise

import dspy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.data import Corpus, Interval, Nominal, Ordinal, Scale, SetupError
from accord.optimizers import Earliest, FineTune, First, RejectionSampling, Traces
from accord.optimizers.finetuning.objectives import Rows, make_pair_rows
from accord.optimizers.finetuning.preferences import preferences
from accord.programs import Guideline, LocalEngine, Prompt, Rater, local_lm, scripted_lm

SCALE = Ordinal(1, 5)


def _traces(draws: dict[str, tuple[object, list[object]]], scale: Scale = SCALE, **options) -> Traces:
    """Return the traces of items, given by text, from their gold labels and the labels that are drawn for them."""

    def script(prompt: Prompt, draw: int) -> str:
        text = prompt.turns[-1].content.split("\n")[1]
        return f"Reason: try {draw} of {text}.\nLabel: {draws[text][1][draw]}"

    records = [{"text": text, "label": gold} for text, (gold, _) in draws.items()]
    items = Corpus.from_records(records, fields=["text"], label="label", scale=scale)
    count = len(next(iter(draws.values()))[1])
    options = {"stop": First(), "wave": count, "filters": (), "select": Earliest(), **options}
    rater = Rater(scale, fields=("text",), lm=scripted_lm(script))
    return RejectionSampling(count, **options).infer(rater, trainset=items.examples())


BY_HAND = {
    "far": (1, [1, 2, 5, 4]),
    "sure": (2, [2, 2, 2, 2]),
    "near": (3, [4, 3, 2, 3]),
    "wrong": (4, [1, 1, 2, "x"]),
    "garbled": (5, ["x", 5, "x", 3]),
}


def test_the_better_has_the_human_label_and_the_worse_is_off_by_the_margin():
    found = preferences(_traces(BY_HAND))
    pairs = {pair.example.text: pair for pair in found}
    assert set(pairs) == {"far", "garbled"}
    # 2 is one step from 1 and passed over; 5 is the first that is two steps off or more.
    assert (pairs["far"].rejected.label, pairs["far"].apart) == (5, 4)
    assert (pairs["far"].example.label, pairs["far"].example.rationale) == (1, "try 0 of far.")
    assert pairs["far"].rejected.rationale == "try 2 of far."
    assert (pairs["garbled"].rejected.label, pairs["garbled"].apart) == (3, 2)
    assert found.lacks == {"no_wrong_draw": 1, "within_margin": 1, "no_match": 1}
    assert found.items + sum(found.lacks.values()) == len(BY_HAND)
    assert found[0].item_id == pairs["far"].item_id and len(found[:1]) == 1


def test_a_smaller_margin_and_more_pairs():
    traces = _traces(BY_HAND)
    found = preferences(traces, margin=1, per_item=3)
    by_text: dict[str, list[object]] = {}
    for pair in found:
        by_text.setdefault(pair.example.text, []).append(pair.rejected.label)
    assert by_text == {"far": [2, 5, 4], "near": [4, 2], "garbled": [3]}
    assert found.lacks == {"no_wrong_draw": 1, "no_match": 1}
    assert (len(found), found.items) == (6, 3)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), margin=st.sampled_from([1.0, 2.0, 3.0]), per_item=st.integers(1, 3))
def test_all_items_are_counted_and_every_pair_keeps_the_promise(seed, margin, per_item):
    dice = random.Random(seed)
    labels = [1, 2, 3, 4, 5, "x"]
    draws: dict[str, tuple[object, list[object]]] = {
        f"t{number}": (dice.randint(1, 5), dice.choices(labels, k=4)) for number in range(12)
    }
    traces = _traces(draws)
    found = preferences(traces, margin=margin, per_item=per_item)
    assert found.items + sum(found.lacks.values()) == len(draws)
    assert len(found) <= per_item * found.items
    for pair in found:
        gold, drawn = draws[pair.example.text]
        assert pair.example.label == gold
        assert pair.rejected.label == drawn[pair.rejected.index] != gold
        assert pair.apart == SCALE.distance(gold, pair.rejected.label) >= margin  # pyright: ignore[reportArgumentType]


def test_on_names_any_other_label_is_worse_and_on_two_levels_the_other():
    names = preferences(_traces({"a": ("yes", ["no", "yes"])}, Nominal(["yes", "no"])))
    assert (names.margin, [pair.rejected.label for pair in names]) == (1.0, ["no"])
    two = preferences(_traces({"a": (1, [2, 1])}, Ordinal(1, 2)))
    assert (two.margin, [pair.rejected.label for pair in two]) == (1.0, [2])


def test_without_steps_a_step_is_a_quarter_of_the_range():
    draws: dict[str, tuple[object, list[object]]] = {"a": (-2.0, [1.9, -2.0]), "b": (2.0, [-2.0, 2.0])}
    found = preferences(_traces(draws, Interval(-4, 4)))  # two quarters of 8 are 4: 3.9 is not enough
    assert [(pair.example.text, pair.apart) for pair in found] == [("b", 2.0)]
    assert found.lacks == {"within_margin": 1}
    stepped = preferences(_traces(draws, Interval(-4, 4, 0.1)))  # 39 and 40 steps of 0.1
    assert [round(pair.apart) for pair in stepped] == [39, 40]


def test_labels_are_the_margin_apart_however_their_difference_is_rounded():
    scale = Interval(0, 1, 0.1)
    levels = scale.levels or ()
    apart = [scale.distance(one, other) for one, other in pairwise(levels[::2])]
    assert min(apart) < 2 < max(apart)
    draws: dict[str, tuple[object, list[object]]] = {
        f"t{place}": (one, [one, other, levels[place]]) for place, (one, other) in enumerate(pairwise(levels[::2]))
    }
    assert [pair.rejected.index for pair in preferences(_traces(draws, scale), margin=2)] == [1] * 5


@pytest.mark.parametrize("wrong", [{"margin": 0}, {"margin": float("nan")}, {"per_item": 0}])
def test_numbers_that_make_no_sense_are_refused(wrong):
    with pytest.raises(SetupError, match=next(iter(wrong))):
        preferences(_traces(BY_HAND), **wrong)


def test_both_replies_are_rendered_as_at_deployment(tiny_model):
    pytest.importorskip("torch")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    pairs = preferences(_traces(BY_HAND))
    rater = Rater(SCALE, Guideline("Rate it."))
    rows, too_long, examples, _ = make_pair_rows(rater, pairs, tokenizer, context=512)
    assert (too_long, examples) == ((), tuple(pair.example for pair in pairs))
    assert tokenizer.decode(rows[0].completion) == "Reason: try 0 of far.\nLabel: 1<|end|>"
    assert tokenizer.decode(rows[0].rejected) == "Reason: try 2 of far.\nLabel: 5<|end|>"
    assert make_pair_rows(rater, pairs, tokenizer, context=100) == Rows((), tuple(pair.item_id for pair in pairs))


def test_a_pair_weighs_what_its_better_reply_does(tiny_model):
    pytest.importorskip("torch")
    from transformers import AutoTokenizer

    draws: dict[str, tuple[object, list[object]]] = {f"t{place}": (place, [place, 6 - place]) for place in (1, 2, 4, 5)}
    pairs = [
        replace(pair, example=pair.example.copy(weight=weight))
        for pair, weight in zip(preferences(_traces(draws)), (0.25, 0.75, 0.5, 0), strict=True)
    ]
    options = {"tokenizer": AutoTokenizer.from_pretrained(tiny_model), "context": 512}
    made = make_pair_rows(Rater(SCALE), pairs, weighted=True, **options)
    assert [row.weight for row in made.rows] == [0.5, 1.5, 1.0]  # 1 on average: the replies are of one length
    assert made.weightless == 1
    assert {row.weight for row in make_pair_rows(Rater(SCALE), pairs, **options).rows} == {1.0}


def _dev() -> list[dspy.Example]:
    return [dspy.Example(text=f"dev {place}", label=place + 1).with_inputs("text") for place in range(5)]


def test_without_the_draws_that_were_not_accepted_there_are_no_pairs(tiny_model):
    student = Rater(SCALE, Guideline("Rate it."), lm=local_lm(LocalEngine(tiny_model)))
    with pytest.raises(SetupError, match="preference: no item has an accepted draw and one that is off by the margin"):
        examples = [example.copy() for example in _traces(BY_HAND)]
        FineTune(objectives=("preference",)).compile(student, trainset=examples, valset=_dev())


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_pairs_are_trained_on_and_counted(tiny_model, tmp_path):
    pytest.importorskip("trl")
    draws: dict[str, tuple[object, list[object]]] = {
        f"t{place}": (place % 5 + 1, [1, 2, 3, 4, 5]) for place in range(10)
    }
    student = Rater(SCALE, Guideline("Rate it."), lm=local_lm(LocalEngine(tiny_model)))
    options = {"objectives": ("preference",), "lora_rank": 4, "epochs": 12, "learning_rate": 5e-3}
    rater = FineTune(**options, workspace=tmp_path).compile(student, trainset=_traces(draws), valset=_dev())
    (candidate,) = rater.candidates
    told = json.loads(json.dumps(candidate.details))
    assert (told["margin"], told["pairs"], told["without_pair"]) == (2.0, 10, {})
    assert (candidate.name, candidate.items, rater.order) == ("preference", 10, "rationale_label")
    # The first loss is ln 2 for two replies that the base model weighs as itself, and the cross-entropy of bytes.
    assert told["losses"][-1] < told["losses"][0]
    engine = rater.lm.engine
    assert isinstance(engine, LocalEngine) and engine.adapter is not None
