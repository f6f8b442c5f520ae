"""What is refused before a call is paid for, and what is put right."""

from pathlib import Path

import dspy
import pytest

from accord.data import Corpus, InputError, Ordinal
from accord.optimizers import Exhaust, RejectionSampling
from accord.programs import Rater, scripted_lm

SCALE = Ordinal(1, 5)


def answering() -> dspy.LM:
    return scripted_lm(lambda prompt, draw: f"Reason: this is draw {draw} of it\nLabel: 3")


def silent() -> dspy.LM:
    return scripted_lm(lambda prompt, draw: pytest.fail("a draw was made"))


def example(text: str, label: int = 3, **more) -> dspy.Example:
    return dspy.Example(text=text, label=label, **more).with_inputs("text")


@pytest.mark.parametrize(
    ("examples", "words"),
    [
        ([example("a", item_id="x"), example("b", item_id="y"), example("c", item_id="x")], "'x' is used twice"),
        ([example("a", item_id=1), example("b", item_id="1")], "'1' is used twice"),
        ([example("a"), example("b"), example("a", label=4)], "same text as trainset[0]"),
        ([example("a"), {"text": "b", "label": 3}], "the example is a dict"),
        ([dspy.Example(text="a", weight=2.0, label=3).with_inputs("text", "weight")], "'weight'"),
    ],
)
def test_examples_that_no_traces_can_be_made_of_are_one_error(examples: list, words: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with pytest.raises(InputError) as caught:
        RejectionSampling(2, journal=path).infer(Rater(SCALE, lm=silent()), trainset=examples)
    assert words in str(caught.value) and "trainset[" in str(caught.value) and "\n" not in str(caught.value)
    assert not path.exists()


def test_a_rater_whose_field_a_trace_has_too_is_refused() -> None:
    rater = Rater(SCALE, fields=("text", "kind"), lm=silent())
    given = dspy.Example(text="a", kind="essay", label=3).with_inputs("text", "kind")
    with pytest.raises(InputError, match="a field cannot be called 'kind'"):
        RejectionSampling(2).infer(rater, trainset=[given])


def test_a_teacher_who_reads_another_field_is_refused_before_it_is_asked() -> None:
    teacher = Rater(SCALE, fields=("text", "context"), lm=silent())
    with pytest.raises(InputError, match="context"):
        RejectionSampling(2).infer(Rater(SCALE), trainset=[example("a")], teacher=teacher)


def test_examples_without_ids_or_inputs_are_known_by_their_content() -> None:
    plain = [dspy.Example(text=text, label=label) for text, label in (("a", 3), ("b", 4))]
    traces = RejectionSampling(2, stop=Exhaust()).infer(Rater(SCALE, lm=answering()), trainset=plain)
    (trace,) = traces
    assert list(trace.inputs().keys()) == ["text"] and trace["text"] == "a"
    again = RejectionSampling(2, stop=Exhaust()).infer(Rater(SCALE, lm=answering()), trainset=plain[::-1])
    assert [item.item_id for item in again.items] == [item.item_id for item in traces.items][::-1]
    corpus = Corpus.from_records([{"text": "a", "label": 3}], fields=["text"], label="label", scale=SCALE)
    assert trace["item_id"] == corpus.ids[0]


def test_one_item_is_enough() -> None:
    traces = RejectionSampling(16).infer(Rater(SCALE, lm=answering()), trainset=[example("a")])
    assert len(traces) == 1 and traces.utilization().warning
    assert traces[0]["lift"] is None, "there is no other item to compare with"


def test_one_label_only_explains_nothing_beyond_luck() -> None:
    examples = [example(f"text number {number}") for number in range(40)]
    traces = RejectionSampling(8).infer(Rater(SCALE, lm=answering()), trainset=examples)
    # The teacher says 3 of everything, and everything is a 3.
    assert traces.outcomes == {"not_above_luck": 40}
    assert not traces.utilization().above_luck
