"""What Accord relies on in DSPy's programs: signatures, predictors, adapters, examples, modules, optimizers."""

import asyncio
import copy
from typing import Any, Literal

import dspy
import pytest
from dspy.dsp.utils.settings import DEFAULT_CONFIG
from dspy.teleprompt import Teleprompter

from worlds.contracts import overrides, takes
from worlds.echo_engine import AsyncEcho, Echo


class Recorder(dspy.Adapter):
    """An adapter that keeps what it is called with, and answers with more than the signature has."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Any, ...]] = []

    def __call__(self, lm: Any, lm_kwargs: Any, signature: Any, demos: Any, inputs: Any) -> list[dict[str, Any]]:
        self.seen.append((lm, lm_kwargs, signature, demos, inputs))
        return [{"label": None, "unparsed": "no_label"}]

    async def acall(self, lm: Any, lm_kwargs: Any, signature: Any, demos: Any, inputs: Any) -> list[dict[str, Any]]:
        return self(lm, lm_kwargs, signature, demos, inputs)


def echo_lm(**options: Any) -> dspy.LM:
    return dspy.LM("echo/one", engine=Echo("one"), async_engine=AsyncEcho("one"), cache=False, **options)


def a_program(lm: dspy.LM | None = None) -> Any:
    """Return a program of one predictor."""
    program: Any = dspy.Module()
    setattr(program, "predict", dspy.Predict("text -> label"))  # noqa: B010  (a type checker would hold on to it)
    if lm is not None:
        program.set_lm(lm)
    return program


def test_a_signature_keeps_its_fields_in_order_and_its_instructions_as_they_are() -> None:
    """Breaks programs/adapter/signature.py, programs/raters/rater.py: the guideline and the order of the reply live in
    it.
    """
    kinds: dict[str, tuple[Any, Any]] = {
        "title": (str, dspy.InputField()),
        "text": (str, dspy.InputField()),
        "label": (Literal[1, 2], dspy.OutputField(desc="1 or 2")),
        "rationale": (str, dspy.OutputField(desc="why")),
    }
    told = "## Instruction\n\nRate *it*.\n\n## Rubric\n\n- 1: bad"
    signature: Any = dspy.Signature(kinds, told)  # pyright: ignore[reportCallIssue]
    assert list(signature.input_fields) == ["title", "text"]
    assert list(signature.output_fields) == ["label", "rationale"]
    assert signature.instructions == told


def test_a_predictor_has_a_signature_demos_and_a_model_of_its_own() -> None:
    """Breaks programs/raters/rater.py: a rater's model, guideline and cases are those of its predictor."""
    program = a_program()
    assert (program.predict.lm, list(program.predict.demos)) == (None, [])
    lm = echo_lm()
    program.set_lm(lm)
    assert program.predict.lm is lm
    program.predict.demos = [dspy.Example(text="a", label="1")]
    assert program.predict.signature.input_fields.keys() == {"text"}


def test_a_predictor_hands_everything_to_the_adapter_in_force() -> None:
    """Breaks programs/adapter/adapter.py, programs/raters/rater.py: `RaterAdapter` renders and parses a rater's
    requests.
    """
    adapter, lm = Recorder(), echo_lm(max_tokens=7)
    predict = dspy.Predict("text -> label")
    predict.set_lm(lm)
    predict.demos = [dspy.Example(text="a", label="1")]
    with dspy.context(adapter=adapter):
        said = predict(text="b", config={"temperature": 1.0})
    ((given, options, signature, demos, inputs),) = adapter.seen
    assert given is lm and options["temperature"] == 1.0
    assert list(signature.output_fields) == ["label"]
    assert [dict(demo) for demo in demos] == [{"text": "a", "label": "1"}] and inputs == {"text": "b"}
    # What is not in the signature reaches the prediction too: that is how a rater says why there is no label.
    assert (said.label, said.unparsed) == (None, "no_label")


def test_a_predictor_hands_everything_to_the_adapter_in_event_loops_too() -> None:
    """Breaks programs/raters/rater.py, programs/adapter/adapter.py: `Rater.acall` answers in programs that are
    asynchronous.
    """
    adapter, predict = Recorder(), dspy.Predict("text -> label")
    predict.set_lm(echo_lm())

    async def ask() -> Any:
        with dspy.context(adapter=adapter):
            return await predict.acall(text="b")

    assert asyncio.run(ask()).unparsed == "no_label"
    assert len(adapter.seen) == 1


def test_an_adapter_has_the_methods_that_ours_replaces() -> None:
    """Breaks programs/adapter/adapter.py: it replaces format, parse, __call__ and acall of DSPy's adapter."""
    overrides(dspy.Adapter, "__call__", "lm", "lm_kwargs", "signature", "demos", "inputs")
    overrides(dspy.Adapter, "acall", "lm", "lm_kwargs", "signature", "demos", "inputs")
    overrides(dspy.Adapter, "format", "signature", "demos", "inputs")
    overrides(dspy.Adapter, "parse", "signature", "completion")
    dspy.Adapter()


def test_a_module_calls_forward_and_aforward() -> None:
    """Breaks programs/raters/rater.py: a rater is called as any other DSPy program."""

    class Both(dspy.Module):
        def forward(self, **fields: str) -> dspy.Prediction:
            return dspy.Prediction(way="plain", **fields)

        async def aforward(self, **fields: str) -> dspy.Prediction:
            return dspy.Prediction(way="async", **fields)

    program: Any = Both()
    assert (program(text="a").way, asyncio.run(program.acall(text="a")).way) == ("plain", "async")


def test_copies_of_a_program_share_an_engine_that_says_so() -> None:
    """Breaks programs/local/engine.py, programs/openai_client/pool.py: a copy must not load the model a second time."""
    program = a_program(echo_lm())
    for copied in (copy.deepcopy(program), program.deepcopy()):
        assert copied.predict.lm.engine is program.predict.lm.engine
    assert program.predict.lm.copy(temperature=1.0, rollout_id=3).engine is program.predict.lm.engine


def test_a_program_s_state_names_an_engine_by_its_class_and_loads_it() -> None:
    """Breaks programs/local/engine.py, programs/completions/async_engine.py: programs with a rater in them are saved by
    DSPy.
    """
    program = a_program(echo_lm(temperature=0.5))
    state = program.dump_state()
    again = a_program()
    again.load_state(state, allow_unsafe_lm_state=True)
    assert isinstance(again.predict.lm.engine, Echo) and again.predict.lm.engine.reply == "one"
    assert again.predict.lm.kwargs["temperature"] == 0.5
    with pytest.raises(ValueError, match="allow_unsafe_lm_state"):
        again.load_state(state)


def test_settings_hold_the_model_that_programs_use_and_what_the_tests_put_back() -> None:
    """Breaks programs/raters/rater.py, tests/conftest.py: a rater without a model takes the configured one."""
    assert dspy.settings.lm is None
    lm = echo_lm()
    with dspy.context(lm=lm):
        assert dspy.settings.lm is lm
    assert {"lm", "adapter"} <= DEFAULT_CONFIG.keys()
    takes(dspy.configure_cache, "enable_disk_cache", "enable_memory_cache")


def test_an_example_is_a_mapping_with_inputs() -> None:
    """Breaks data/corpus/corpus.py, optimizers/compiler.py, optimizers/traces/traces.py:
    training items are examples.
    """
    example = dspy.Example(text="a", label=3, rationale=None).with_inputs("text")
    assert list(example.inputs().keys()) == ["text"]
    assert "label" in example and "group" not in example
    assert (example.label, example["label"], example.get("group")) == (3, 3, None)
    assert example == dspy.Example(text="a", label=3, rationale=None).with_inputs("text")
    assert dspy.Prediction(label=1, unparsed=None).unparsed is None


def test_an_optimizer_has_the_one_compile_that_ours_narrow() -> None:
    """Breaks optimizers/compiler.py: every compiler is a Teleprompter, so DSPy can chain it."""
    takes(Teleprompter.compile, "student", "trainset", "valset", "teacher")
    assert Teleprompter() is not None  # no arguments


def test_best_of_n_gives_its_model_only_to_what_it_wraps() -> None:
    """Breaks examples/composed_program.py: the rater is the reward, and must keep the model it has."""
    takes(dspy.BestOfN.__init__, "module", "N", "reward_fn", "threshold")
    judge, writer = dspy.Predict("text -> label"), dspy.Predict("text -> draft")
    judge.set_lm(echo_lm())
    writer.set_lm(dspy.LM("echo/two", engine=Echo("[[ ## draft ## ]]\ntwo\n\n[[ ## completed ## ]]"), cache=False))
    best = dspy.BestOfN(module=writer, N=2, reward_fn=lambda asked, said: float(said.draft == "two"), threshold=1.0)
    own = judge.lm
    assert best(text="a").draft == "two"
    assert judge.lm is own
