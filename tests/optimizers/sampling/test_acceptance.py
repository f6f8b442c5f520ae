"""What counts as a match, by itself and in a run where gold is a label that nobody gave."""

import dspy
import pytest

from accord.data import Annotation, Corpus, Draw, Interval, Item, Nominal, Ordinal, Pairwise, Scale, SetupError
from accord.optimizers import Acceptance, AnyAnnotator, ByAnnotator, Exact, Exhaust, RejectionSampling, Traces, Within
from accord.optimizers.sampling.acceptance import Reach, can_match
from accord.programs import Prompt, Rater, scripted_lm

SCALE = Ordinal(1, 5)


def split_corpus() -> Corpus:
    """Return four items: two annotators who agree, who disagree by two (gold 3, which nobody gave), and one alone."""
    labels = [{"anna": 2, "bert": 2}, {"anna": 2, "bert": 4}, {"anna": 5}, {"bert": 1}]
    golds = [2, 3, 5, 1]
    items = [
        Item(
            str(number),
            {"text": f"item number {number}"},
            tuple(Annotation(name, label) for name, label in given.items()),
            gold,
        )
        for number, (given, gold) in enumerate(zip(labels, golds, strict=True))
    ]
    return Corpus(items, SCALE, ("text",))


def said(*labels: int, accept: Acceptance) -> Traces:
    """Return what comes of a teacher whose first, second, ... draw of every item says these labels."""

    def script(prompt: Prompt, draw: int) -> str:
        return f"Reason: number {draw} for a good reason\nLabel: {labels[draw]}"

    corpus = split_corpus()
    rater = Rater(SCALE, fields=("text",), lm=scripted_lm(script))
    sampler = RejectionSampling(len(labels), stop=Exhaust(), accept=accept)
    return sampler.infer(rater, trainset=corpus.examples())


def test_exact_wants_gold_even_where_nobody_gave_it() -> None:
    traces = said(3, 4, accept=Exact())
    assert [(trace["item_id"], trace["label"]) for trace in traces] == [("1", 3)]


def test_any_annotator_takes_every_label_that_was_given_and_not_a_gold_that_nobody_gave() -> None:
    traces = said(3, 4, accept=AnyAnnotator())
    assert [(trace["item_id"], trace["label"]) for trace in traces] == [("1", 4)]
    assert traces.items[1].target == (2, 4)
    # The label that is taught is the one that was reached; the item's own gold is still told.
    assert traces.items[1].gold == 3
    assert list(traces.utilization().by_level) == ["1", "2", "2|4", "5"]


def test_by_annotator_leaves_out_what_they_did_not_label() -> None:
    traces = said(4, 2, accept=ByAnnotator("bert"))
    assert [(trace["item_id"], trace["label"]) for trace in traces] == [("0", 2), ("1", 4)]
    assert traces.outcomes == {"blind": 2, "no_match": 1, "no_target": 1}
    assert [example["item_id"] for example in traces.unexplained()] == ["3", "2"]
    assert traces.summary()["items"] == 4
    assert "2" not in {item.item_id for item in traces.items}, "nothing is asked of an item without a target"


def test_an_annotator_whom_nobody_knows_is_one_error() -> None:
    with pytest.raises(SetupError, match="no example has a label to reach"):
        said(1, accept=ByAnnotator("carl"))
    with pytest.raises(SetupError, match="no example has a label to reach"):
        rater = Rater(SCALE, fields=("text",), lm=scripted_lm(lambda prompt, draw: "Label: 1"))
        plain = dspy.Example(text="item number 0", label=1).with_inputs("text")
        RejectionSampling(1, accept=AnyAnnotator()).infer(rater, trainset=[plain])


def test_within_teaches_gold() -> None:
    traces = said(1, accept=Within(1))
    assert [(trace["item_id"], trace["label"]) for trace in traces] == [("0", 2), ("3", 1)]
    assert traces.rejected()[0].label == 1


@pytest.mark.parametrize("number", range(10))
def test_one_step_is_one_step_however_floats_come_out(number: int) -> None:
    # (0.4 - 0.3) / 0.1 = 1.0000000000000002, and 0.4 - 0.3 is more than 0.1.
    scale = Interval(0, 1, 0.1)
    levels = scale.levels or ()
    assert Within(1).matches(levels[number], levels[number + 1], scale)
    assert not Within(0.9).matches(levels[number], levels[number + 1], scale)
    assert not Within(0).matches(levels[number], levels[number + 1], scale)
    assert Within(0.1).matches(levels[number], levels[number + 1], Interval(0, 1))


@pytest.mark.parametrize("scale", [Nominal(["a", "b"]), Pairwise()])
def test_steps_on_a_scale_without_order_are_refused_before_anything_is_drawn(scale: Scale) -> None:
    rater = Rater(scale, lm=scripted_lm(lambda prompt, draw: pytest.fail("a draw was made")))
    level = next(iter(scale.levels or ()))
    examples = [dspy.Example(text="a", label=level).with_inputs("text")]
    with pytest.raises(SetupError, match="no steps apart"):
        RejectionSampling(1, accept=Within(1)).infer(rater, trainset=examples)
    assert Within(0).target(examples[0], scale) == level


@pytest.mark.parametrize("steps", [-1, float("nan")])
def test_a_distance_that_is_none_is_refused(steps: float) -> None:
    with pytest.raises(SetupError, match="distance"):
        Within(steps)


def test_draws_without_a_reason_and_forced_labels_cannot_match() -> None:
    fine = Draw("item", "0" * 64, 0, 3, "because")
    assert can_match(fine)
    assert not can_match(Draw("item", "0" * 64, 0, None, "because", "no_label"))
    assert not can_match(Draw("item", "0" * 64, 0, 3, ""))
    assert not can_match(Draw("item", "0" * 64, 0, 3, "because", repaired=True))


def test_reach_compares_each_pair_once() -> None:
    class Counting(Exact):
        compared = 0

        def matches(self, drawn, target, scale) -> bool:
            Counting.compared += 1
            return super().matches(drawn, target, scale)

    reach = Reach([1, 2, 3], SCALE, Counting())
    reach.learn([1, 2, None, 1])
    reach.learn([2, 1, 4])
    assert reach.labels(1) == [1] and reach.labels(2) == [2] and reach.labels(3) == []
    assert Counting.compared == 9
