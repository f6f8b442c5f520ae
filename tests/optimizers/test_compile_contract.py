"""The one compile shape, asked of every compiler: its signature, a new rater, and nothing changed that was given."""

import copy
import inspect
from collections.abc import Callable
from typing import Any

import dspy
import pytest
from dspy.teleprompt import Teleprompter
from dspy.utils.callback import BaseCallback

from accord.data import Ordinal, SetupError
from accord.optimizers import Compiler, DistillGuideline, FineTune, RejectionSampling
from accord.programs import Candidate, Guideline, Rater, scripted_lm

SCALE = Ordinal(1, 3)

COMPILERS: dict[str, Callable[[], Compiler]] = {
    "DistillGuideline": DistillGuideline,
    "RejectionSampling": lambda: RejectionSampling(2, into=DistillGuideline()),
}
"""Name to a maker of the compiler; each compiles a scripted student from examples with rationales."""


@pytest.fixture(params=list(COMPILERS))
def compiler(request: pytest.FixtureRequest) -> Compiler:
    return COMPILERS[request.param]()


def _examples(first: int, count: int) -> list[dspy.Example]:
    said = {1: "The writer insults the reader.", 2: "Only plain facts are given.", 3: "The writer thanks the reader."}
    return [
        dspy.Example(
            text=f"message {number}", label=number % 3 + 1, rationale=said[number % 3 + 1], item_id=str(number)
        ).with_inputs("text")
        for number in range(first, first + count)
    ]


def _student() -> Rater:
    def script(prompt: Any, draw: int) -> str:
        number = int(prompt.turns[-1].content.split()[2])
        taught = "thanks" in "".join(turn.content for turn in prompt.turns[:-1])
        return f"Reason: so.\nLabel: {number % 3 + 1 if taught else 2}"

    return Rater(SCALE, Guideline("How friendly?", "1: rude"), lm=scripted_lm(script))


def _described(rater: Rater) -> tuple[Any, ...]:
    shown = rater.prompt({"text": "x"}).bytes, rater.guideline.hash, rater.order, rater.fields
    return (*shown, rater.scale, id(rater.lm), dict(rater.lm.kwargs), rater.candidates, dict(rater.provenance))


def _state(compiler: Compiler) -> dict[str, Any]:
    return {
        name: _state(value) if isinstance(value, Compiler) else copy.copy(value)
        for name, value in vars(compiler).items()
    }


@pytest.mark.parametrize("kind", [DistillGuideline, RejectionSampling, FineTune])
def test_the_signature_is_dspys_with_keywords(kind):
    compiler = kind()
    assert isinstance(compiler, Teleprompter)
    student, *others = inspect.signature(compiler.compile).parameters.values()
    assert (student.name, student.default) == ("student", inspect.Parameter.empty)
    assert [(p.name, p.kind, p.default) for p in others] == [
        ("trainset", inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.empty),
        ("valset", inspect.Parameter.KEYWORD_ONLY, None),
        ("teacher", inspect.Parameter.KEYWORD_ONLY, None),
    ]


def test_a_new_rater_comes_back_and_nothing_given_is_changed(compiler):
    student, trainset, valset = _student(), _examples(0, 12), _examples(100, 9)
    before = _described(student)
    given = copy.deepcopy((trainset, valset))
    policy = _state(compiler)
    compiled = compiler.compile(student, trainset=trainset, valset=valset)
    assert isinstance(compiled, Rater) and compiled is not student
    assert _described(student) == before
    assert (trainset, valset) == given
    assert _state(compiler) == policy
    compiled.predict.demos.clear()
    compiled.provenance["mine"] = True
    assert _described(student) == before


def test_what_was_tried_and_where_it_comes_from_is_kept(compiler):
    compiled = compiler.compile(_student(), trainset=_examples(0, 12), valset=_examples(100, 9))
    assert compiled.candidates and all(isinstance(candidate, Candidate) for candidate in compiled.candidates)
    assert [candidate.chosen for candidate in compiled.candidates] == [True] + [False] * (len(compiled.candidates) - 1)
    inner = compiler.into if isinstance(compiler, RejectionSampling) else compiler
    assert compiled.provenance["compiler"] == type(inner).__name__
    assert ("traces" in compiled.provenance) == isinstance(compiler, RejectionSampling)


def test_one_compiler_can_be_used_twice(compiler):
    first, second = (
        compiler.compile(_student(), trainset=_examples(0, 12), valset=_examples(100, 9)) for _ in range(2)
    )
    assert first is not second
    assert first.guideline == second.guideline and first.provenance == second.provenance


def test_nothing_is_chosen_on_the_training_set(compiler):
    with pytest.raises(SetupError):
        compiler.compile(_student(), trainset=_examples(0, 12))


def test_a_student_that_is_no_rater_is_refused(compiler):
    with pytest.raises(SetupError, match="not a Rater"):
        compiler.compile(dspy.Predict("text -> label"), trainset=_examples(0, 12), valset=_examples(100, 9))


def test_the_callbacks_of_dspy_hear_of_it_once(compiler):
    heard = []

    class Listener(BaseCallback):
        def on_compile_start(self, call_id, instance, inputs):
            heard.append(type(instance).__name__)

    with dspy.context(callbacks=[Listener()]):
        compiler.compile(_student(), trainset=_examples(0, 12), valset=_examples(100, 9))
    inner = [type(compiler.into).__name__] if isinstance(compiler, RejectionSampling) else []
    assert heard == [type(compiler).__name__, *inner]
