"""DSPy's own optimizers on a rater, with a scripted model that follows what it is told."""

import json
import re
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import dspy
import pytest

from accord.data import Corpus, Nominal, Ordinal
from accord.optimizers import Exhaust, FeedbackMetric, RejectionSampling, Traces
from accord.programs import Guideline, Prompt, Rater, scripted_lm

THREE = Ordinal(1, 3)
RULE = "Stories that break off get a 1."


def _script(asked_before: Counter[str]) -> Any:
    """Rate stories, well where the rule is written in the guideline and else every other time one is asked.

    Whoever proposes instructions, rules or anything else gets the rule for every output field that is wanted.
    """

    def script(prompt: Prompt, draw: int) -> str:
        said = "\n".join(turn.content for turn in prompt.turns)
        outputs = re.search(r"output fields are:\n(.*?)\n(?!\d+\. )", said, re.DOTALL)
        story = re.fullmatch(r"<text>\nstory (\d+) ends\n</text>.*", prompt.turns[-1].content, re.DOTALL)
        if outputs is None:
            assert story is not None, f"unforeseen: {said}"
            number = int(story[1])
            asked_before[prompt.sha256] += 1
            knows = RULE in said or asked_before[prompt.sha256] % 2 == 0
            return f"Reason: story {number} breaks off here.\nLabel: {number % 3 + 1 if knows else 2}"
        # SIMBA wants advice for each predictor by name.
        wanted = {
            name: {"predict": RULE} if kind.startswith("dict") else RULE
            for name, kind in re.findall(r"`(\w+)` \((.*?)\)", outputs[1])
        }
        if "outputs will be a json object" in said.lower():
            return json.dumps(wanted)
        written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in wanted.items()}
        return "\n".join(
            [*(f"[[ ## {name} ## ]]\n{value}" for name, value in written.items()), "[[ ## completed ## ]]"]
        )

    return script


def _student() -> Rater:
    return Rater(THREE, Guideline("Rate the story."), lm=scripted_lm(_script(Counter())))


def _corpus(first: int, count: int) -> Corpus:
    records = [
        {"id": f"s{number}", "text": f"story {number} ends", "label": number % 3 + 1}
        for number in range(first, first + count)
    ]
    return Corpus.from_records(records, fields=["text"], label="label", id="id", scale=THREE)


TRAIN, DEV = _corpus(0, 36), _corpus(100, 24)


@pytest.fixture(scope="module")
def traces() -> Traces:
    return RejectionSampling(1, stop=Exhaust()).infer(_student(), trainset=TRAIN.examples())


def test_feedback_tells_the_label_and_the_thinking_behind_it(traces: Traces) -> None:
    metric = traces.as_feedback_metric()
    explained, unexplained = traces[0], traces.unexplained()[0]
    said = metric(explained, dspy.Prediction(label=explained["label"] % 3 + 1), None, "predict", None)
    assert said.feedback == (
        f"The label was {explained['label'] % 3 + 1}, and people gave {explained['label']}. "
        f"Reasoning that leads to {explained['label']}: {explained['rationale']}"
    )
    gold = unexplained["label"]
    assert metric(unexplained, dspy.Prediction(label=gold), None, "predict").feedback == (
        f"The label {gold} is the one that people gave."
    )
    nothing = metric(unexplained, dspy.Prediction(label=None, unparsed="no_label"), None, "predict")
    assert (nothing.score, nothing.feedback) == (0, f"There was no readable label (no_label). People gave {gold}.")


def test_the_score_falls_with_the_distance() -> None:
    metric = FeedbackMetric(Ordinal(1, 5), [], ["text"])
    example = dspy.Example(text="x", label=2).with_inputs("text")
    scores = [metric(example, dspy.Prediction(label=label)) for label in (2, 1, 4, 5, None, 9)]
    assert scores == [1, 0.75, 0.5, 0.25, 0, 0]
    names = FeedbackMetric(Nominal(["a", "b", "c"]), [], ["text"])
    assert [names(dspy.Example(text="x", label="a"), dspy.Prediction(label=label)) for label in "abc"] == [1, 0, 0]


def _gepa(metric: Any, lm: dspy.LM) -> Any:
    return dspy.GEPA(metric, max_metric_calls=120, reflection_lm=lm, num_threads=1, use_merge=False, seed=0)


def _simba(metric: Any, lm: dspy.LM) -> Any:
    return dspy.SIMBA(
        metric=metric, bsize=12, num_candidates=2, max_steps=1, max_demos=1, prompt_model=lm, num_threads=1
    )


def _mipro(metric: Any, lm: dspy.LM) -> Any:
    return dspy.MIPROv2(
        metric=metric, prompt_model=lm, task_model=lm, auto=None, num_candidates=2, max_bootstrapped_demos=1,
        max_labeled_demos=1, num_threads=1, seed=0,
    )  # fmt: skip


def _rules(metric: Any, lm: dspy.LM) -> Any:
    from dspy.teleprompt import InferRules

    return InferRules(num_candidates=1, num_rules=2, num_threads=1, metric=metric, max_bootstrapped_demos=1)


OPTIMIZERS = {"GEPA": _gepa, "SIMBA": _simba, "MIPROv2": _mipro, "InferRules": _rules}
OPTIONS: dict[str, dict[str, Any]] = {"MIPROv2": {"num_trials": 2, "minibatch": False}}


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_dspys_optimizers_run_on_a_rater_and_the_result_is_saved_and_loaded(
    name: str, traces: Traces, tmp_path: Path
) -> None:
    student = _student()
    optimizer = OPTIMIZERS[name](traces.as_feedback_metric(), student.lm)
    valset = {} if name == "SIMBA" else {"valset": DEV.examples()}
    with dspy.context(lm=student.lm), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what DSPy and its helpers say of themselves
        made = optimizer.compile(student, trainset=TRAIN.examples(), **valset, **OPTIONS.get(name, {}))
    assert isinstance(made, Rater)
    if made.own_lm is None:  # DSPy resets some results and leaves the model to dspy.configure
        made.set_lm(student.lm)
    assert made.guideline != student.guideline, "it was told something else"
    made.save(tmp_path / "rater")
    again = Rater.load(tmp_path / "rater", lm=student.lm)
    assert again.guideline == made.guideline
    assert again.rate(DEV).labels == made.rate(DEV).labels
    assert again.prompt(DEV[0].fields).bytes == made.prompt(DEV[0].fields).bytes
    if name in ("GEPA", "InferRules"):
        assert RULE in made.guideline.instruction
        assert made.agreement(DEV).metrics["accuracy"].value == 1.0
