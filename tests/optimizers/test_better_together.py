"""DSPy's BetterTogether over guideline and weights of a rater, as DSPy 3.4 calls them."""

import re
import warnings
from pathlib import Path
from typing import Any

import dspy
import numpy as np
import pytest
from dspy.teleprompt import BetterTogether

from accord.data import Corpus, Ordinal
from accord.optimizers import DistillGuideline, Exhaust, FineTune, RejectionSampling, Traces
from accord.programs import Guideline, LocalEngine, Prompt, Rater, local_lm, scripted_lm

THREE = Ordinal(1, 3)
SAID = {
    1: "The plot breaks off in the middle of it.",
    2: "The characters stay flat all the way through.",
    3: "The ending turns everything around with skill.",
}
TOLD = Guideline("Rate the story.")
pytestmark = pytest.mark.filterwarnings("error", "ignore::DeprecationWarning")


def _number(prompt: Prompt) -> int:
    found = re.search(r"story (\d+) ", prompt.turns[-1].content)
    assert found is not None
    return int(found[1])


def _script(prompt: Prompt, draw: int) -> str:
    """Know every label where the guideline says what was extracted; else only every second one; story 9 never."""
    number = _number(prompt)
    knows = (SAID[1] in prompt.turns[0].content or number % 2) and number != 9
    label = number % 3 + 1 if knows else 3 - number % 3
    return f"Reason: {SAID[label]}\nLabel: {label}"


def _student(lm: dspy.LM | None = None) -> Rater:
    return Rater(THREE, TOLD, lm=scripted_lm(_script) if lm is None else lm)


def _corpus(first: int, count: int) -> Corpus:
    records = [
        {"id": f"s{number}", "text": f"story {number} ends", "label": number % 3 + 1}
        for number in range(first, first + count)
    ]
    return Corpus.from_records(records, fields=["text"], label="label", id="id", scale=THREE)


TRAIN, DEV = _corpus(0, 24), _corpus(100, 36)


@pytest.fixture(scope="module")
def traces() -> Traces:
    return RejectionSampling(1, stop=Exhaust()).infer(_student(), trainset=TRAIN.examples())


def _together(traces: Traces, **optimizers: Any) -> BetterTogether:
    return BetterTogether(metric=traces.as_feedback_metric(), **optimizers)


def _distiller(**options: Any) -> DistillGuideline:
    return DistillGuideline("extractive", ablate=0, resamples=200, **options)


def _scores(made: Any) -> dict[str, float]:
    return {one["strategy"]: one["score"] for one in made.candidate_programs}


def _run(together: BetterTogether, student: Rater, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what DSPy and its helpers say of themselves
        return together.compile(student, num_threads=1, seed=0, **options)


def test_traces_are_a_trainset_that_dspy_may_copy_and_shuffle(traces: Traces) -> None:
    student = _student()
    made = _run(_together(traces, g=_distiller()), student, trainset=traces, valset=DEV.examples(), strategy="g")
    assert not made.flag_compilation_error_occurred
    assert isinstance(made, Rater) and SAID[1] in made.guideline.rubric
    scores = _scores(made)
    assert scores["g"] == 100 > scores[""]
    assert student.guideline == TOLD, "the student stays as it was"
    assert {source for rule in made.provenance["rules"] for source in rule["sources"]} <= set(TRAIN.ids)


def test_whole_traces_reach_a_step_by_its_own_arguments(traces: Traces) -> None:
    """Then the step knows the draws behind the examples, and the items that nobody could explain."""
    assert len(traces) < len(TRAIN)
    made = _run(
        _together(traces, g=_distiller()),
        _student(),
        trainset=TRAIN.examples(),
        valset=DEV.examples(),
        strategy="g",
        optimizer_compile_args={"g": {"trainset": traces}},
    )
    assert not made.flag_compilation_error_occurred
    assert _scores(made)["g"] == 100
    against = {id for rule in made.provenance["rules"] for id in rule["against"]}
    assert "s9" in against, "nobody could explain it, and what was said of it speaks against a rule"


def test_a_step_that_cannot_be_done_leaves_what_there_was_and_says_so(traces: Traces) -> None:
    made = _run(
        _together(traces, g=_distiller(), b=_distiller(embedder=lambda texts: np.full((len(texts), 2), np.nan))),
        _student(),
        trainset=traces,
        valset=DEV.examples(),
        strategy="g -> b",
    )
    assert made.flag_compilation_error_occurred, "nothing can be made of such vectors"
    assert SAID[1] in made.guideline.rubric and set(_scores(made)) == {"", "g"}


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["g -> w", "w -> g"])
def test_guideline_and_weights_in_either_order(traces: Traces, tiny_model: Path, tmp_path: Path, strategy: str) -> None:
    # The gate lets no guideline through that a model of random weights does not follow: here any will do.
    student = _student(local_lm(LocalEngine(tiny_model), max_tokens=24))
    made = _run(
        _together(
            traces,
            g=_distiller(accept="not_worse", critiques_per_level=1, cases_per_level=0),
            w=FineTune(objectives=("label",), epochs=1, lora_rank=2),
        ),
        student,
        trainset=traces,
        valset=DEV.examples()[:6],
        strategy=strategy,
    )
    assert not made.flag_compilation_error_occurred
    assert set(_scores(made)) == {"", strategy[:1], strategy}
    (last,) = (one["program"] for one in made.candidate_programs if one["strategy"] == strategy)
    assert isinstance(last, Rater)
    assert last.provenance["compiler"] == ("FineTune" if strategy.endswith("w") else "DistillGuideline")
    engine = last.lm.engine
    assert isinstance(engine, LocalEngine) and engine.adapter is not None
    last.save(tmp_path / "rater")
    again = Rater.load(tmp_path / "rater")
    dev = DEV.examples()[:3]
    assert [again(text=one["text"]).label for one in dev] == [last(text=one["text"]).label for one in dev]
