"""Judges of the installed MLflow, aligned with labels alone; the model is a stub on 127.0.0.1."""

import logging
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Literal

import pytest

from accord.data import InputError, Ordinal, SetupError
from accord.optimizers import DistillGuideline
from accord.programs import Guideline, Rater
from worlds.contracts import overrides, takes
from worlds.judge_world import INSTRUCTIONS, RULE, answer, label, question, reply
from worlds.stub_script import Behaviour
from worlds.stub_server import StubServer

# What MLflow and its helpers warn of themselves is theirs.
pytestmark = [pytest.mark.mlflow, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def server() -> Iterator[StubServer]:
    with StubServer(Behaviour(answer=reply)) as running:
        yield running


@pytest.fixture(scope="module")
def labelled(mlflow: Any) -> list[Any]:
    """Sixty traces, each with one person's label and no rationale; a machine says "good" of all of them.

    Their ids are numbered anew: a split follows from the ids, and MLflow draws those at random.
    """
    source, trace_of = mlflow.entities.AssessmentSource, mlflow.entities.Trace.from_json
    found = []
    for number in range(60):
        with mlflow.start_span("answer") as span:
            span.set_inputs({"question": question(number)})
            span.set_outputs(answer(number))
        mlflow.log_feedback(trace_id=span.trace_id, name="quality", value=label(number), source=source("HUMAN", "ann"))
        mlflow.log_feedback(trace_id=span.trace_id, name="quality", value="good", source=source("LLM_JUDGE", "gpt"))
        trace = mlflow.get_trace(span.trace_id)
        found.append(trace_of(trace.to_json().replace(span.trace_id, f"tr-{number:032x}")))
    return found


@pytest.fixture
def make(mlflow: Any, server: StubServer) -> Callable[..., Any]:
    """Return what makes a judge that asks the stub."""

    def made(**options: Any) -> Any:
        given = {
            "name": "quality",
            "instructions": INSTRUCTIONS,
            "model": "openai:/stub",
            "feedback_value_type": Literal["good", "bad"],
            "base_url": f"{server.url}/chat/completions",
        }
        return import_module("mlflow.genai.judges").make_judge(**{**given, **options})

    return made


def _optimizer(**options: Any) -> Any:
    from accord.optimizers.mlflow.alignment import AccordOptimizer

    return AccordOptimizer(**options)


def test_mlflow_s_optimizers_and_judges_are_what_they_were(mlflow: Any, make: Any) -> None:
    """What optimizers/mlflow/alignment.py, mlflow_judges.py and mlflow_labels.py rely on."""
    base = import_module("mlflow.genai.judges.base")
    overrides(base.AlignmentOptimizer, "align", "judge", "traces")
    assert base.AlignmentOptimizer.__abstractmethods__ == {"align"}
    assert issubclass(type(_optimizer()), base.AlignmentOptimizer)
    takes(base.Judge.align, "traces", "optimizer")
    takes(import_module("mlflow.genai.judges").make_judge, "name", "instructions", "model", "feedback_value_type")
    takes(mlflow.entities.Trace.search_assessments, "name", "type")
    judge = make(extra_headers={"x-key": "1"})
    assert judge.template_variables == {"inputs", "outputs"}
    assert (judge._base_url, judge._extra_headers) == (make()._base_url, {"x-key": "1"}), "no public name has them"


def test_a_judge_learns_from_labels_alone_what_people_go_by(make: Any, labelled: list[Any]) -> None:
    judge = make(
        description="How good the answer is.", inference_params={"temperature": 0.0}, generate_rationale_first=True
    )
    before = judge.instructions
    aligned = judge.align(labelled, optimizer=_optimizer())
    assert judge.instructions == before, "the judge itself stays as it was"
    assert RULE in aligned.instructions or "It makes excuses." in aligned.instructions
    assert aligned.template_variables == {"inputs", "outputs"} == judge.template_variables
    for name in ("name", "model", "feedback_value_type", "description", "inference_params", "model_api"):
        assert getattr(aligned, name) == getattr(judge, name), name
    assert [field.name for field in aligned.get_output_fields()] == ["rationale", "result"]
    for number in (2, 5, 201, 202):
        said = aligned(inputs={"question": question(number)}, outputs=answer(number))
        assert said.value == label(number), said


def test_an_aligned_judge_is_registered_and_found_again(mlflow: Any, make: Any, labelled: list[Any]) -> None:
    get_scorer = import_module("mlflow.genai.scorers").get_scorer
    aligned = make(base_url=None).align(labelled, optimizer=_optimizer(lm=_stub(make)))
    experiment = mlflow.set_experiment("registered").experiment_id
    aligned.register(experiment_id=experiment)
    assert get_scorer(name="quality", experiment_id=experiment).instructions == aligned.instructions


def _stub(make: Any) -> Any:
    from accord.optimizers.mlflow.judges import rater_of

    return rater_of(make(), Ordinal(1, 2), ("inputs",), None).lm


def test_what_happened_can_be_had_and_a_second_alignment_does_not_pile_up(
    make: Any, labelled: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    optimizer = _optimizer()
    with caplog.at_level(logging.INFO, logger="accord.optimizers.mlflow.alignment"):
        found = optimizer.alignment(make(), labelled)
    assert found.changed and isinstance(found.rater, Rater)
    assert found.words in caplog.text and "alpha" in found.words
    ids = set(found.labelled.corpus.ids)
    assert len(ids) == 60 and not found.labelled.left_out
    rules = found.rater.provenance["rules"]
    assert any(rule["sources"] for rule in rules)
    assert all(set(rule["sources"]) <= ids for rule in rules), "sources are ids of traces"
    again = optimizer.alignment(found.judge, labelled)
    assert not again.changed and again.judge.instructions == found.judge.instructions
    assert "The instructions stay" in again.words


def test_traces_that_cannot_be_used_are_counted_and_named(mlflow: Any, make: Any, labelled: list[Any]) -> None:
    source = mlflow.entities.AssessmentSource
    others = []
    for value, kind, outputs in [
        (None, "HUMAN", "Turn."),
        ("good", "LLM_JUDGE", "Turn."),
        ("good", "HUMAN", None),
        ("superb", "HUMAN", "Turn."),
    ]:
        with mlflow.start_span("answer") as span:
            span.set_inputs({"question": "?"})
            if outputs is not None:
                span.set_outputs(outputs)
        if value is not None:
            mlflow.log_feedback(trace_id=span.trace_id, name="Quality ", value=value, source=source(kind, "bob"))
        others.append(mlflow.get_trace(span.trace_id))
    found = _optimizer().alignment(make(), [*labelled, *others, labelled[0]]).labelled
    ids = [trace.info.trace_id for trace in others]
    assert dict(found.left_out) == {
        "no human feedback": (ids[0], ids[1]),
        "no outputs": (ids[2],),
        "given twice": (labelled[0].info.trace_id,),
        "a label that is not on the scale": (ids[3],),
    }
    assert f"2 with no human feedback ({ids[0]}, {ids[1]})" in found.words


def test_too_few_labels_are_one_clear_error(make: Any, labelled: list[Any]) -> None:
    with pytest.raises(SetupError) as caught:
        make(name="kindness").align(labelled, optimizer=_optimizer())
    said = str(caught.value)
    assert "0 of 60 traces can be used, and an alignment takes 10: 60 with no human feedback" in said
    assert "mlflow.log_feedback(trace_id=..., name='kindness'" in said and "\n" not in said
    with pytest.raises(SetupError, match="9 of 9 traces can be used"):
        make().align(labelled[:9], optimizer=_optimizer())
    with pytest.raises(SetupError, match="0 of 0 traces can be used"):
        make().align([], optimizer=_optimizer())


def test_labels_that_are_all_the_same_teach_nothing(make: Any, labelled: list[Any]) -> None:
    with pytest.raises(InputError):
        make().align(labelled[::2], optimizer=_optimizer())


def test_several_people_may_label_one_trace_and_change_their_minds(mlflow: Any, make: Any) -> None:
    from accord.optimizers.mlflow.feedback import labelled as read

    source = mlflow.entities.AssessmentSource
    traces = []
    for number in range(12):
        with mlflow.start_span("answer") as span:
            span.set_inputs({"question": question(number)})
            span.set_outputs(answer(number))
        given = [("ann", "bad"), ("ben", label(number)), ("cat", label(number)), ("ann", label(number))]
        for who, value in given[: 3 if number else 4]:
            mlflow.log_feedback(trace_id=span.trace_id, name="quality", value=value, source=source("HUMAN", who))
        traces.append(mlflow.get_trace(span.trace_id))
    corpus = read(make(), traces, ("inputs", "outputs"), None).corpus
    golds = dict(zip(corpus.ids, corpus.golds(), strict=True))
    assert [golds[trace.info.trace_id] for trace in traces] == [label(number) for number in range(12)]
    said = {
        one.annotator: one.label for item in corpus for one in item.annotations if item.id == traces[0].info.trace_id
    }
    assert said == {"ann": "good", "ben": "good", "cat": "good"}, "the last word of each counts"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"instructions": "Look at {{ trace }}."}, "it reads {{ trace }}, which is more than a text"),
        ({"feedback_value_type": list[str]}, "its value type list[str] is no label"),
        ({"feedback_value_type": int}, "its labels are not all whole numbers"),
        ({"model": "gateway:/mine"}, "Accord cannot ask 'gateway:/mine'"),
        ({"extra_headers": {"x-key": "1"}}, "its model is asked with headers of its own"),
    ],
)
def test_a_judge_that_cannot_be_aligned_is_refused_before_anything_is_asked(
    make: Any, labelled: list[Any], server: StubServer, options: dict[str, Any], complaint: str
) -> None:
    asked = server.requests
    with pytest.raises(SetupError) as caught:
        make(**options).align(labelled, optimizer=_optimizer())
    assert complaint in str(caught.value) and "quality" in str(caught.value)
    assert server.requests == asked


def test_a_judge_without_instructions_of_ones_own_is_refused(mlflow: Any, labelled: list[Any]) -> None:
    safety = import_module("mlflow.genai.scorers").Safety()
    with pytest.raises(SetupError, match="has no instructions that could be replaced"):
        _optimizer().align(safety, labelled)


def test_variables_are_kept_and_others_made_harmless(make: Any) -> None:
    from accord.optimizers.mlflow.judges import instructions_of, judge_of

    judge = make()
    written = instructions_of(judge, Guideline("Look at {{ outputs }} and {{ trace }} and {{name}}.", "1: {{ a.b }}"))
    assert written == (
        "Judge {{ inputs }}.\n\n## Instruction\n\nLook at {{ outputs }} and { { trace } } and { {name} }.\n\n"
        "## Rubric\n\n1: { { a.b } }"
    )
    made = judge_of(judge, Guideline("Look at {{ trace }}.", "bad: {{ a.b }}"))
    assert made.template_variables == {"inputs", "outputs"}
    assert instructions_of(judge, Guideline.from_markdown(INSTRUCTIONS)) == INSTRUCTIONS


def test_a_policy_that_cannot_be_is_refused(mlflow: Any) -> None:
    with pytest.raises(SetupError, match="dev=0"):
        _optimizer(dev=0)
    with pytest.raises(SetupError, match="a checklist is to become"):
        _optimizer(distiller=DistillGuideline("checklist"))


def test_a_teacher_that_never_gets_there_is_said(make: Any, labelled: list[Any]) -> None:
    def silent(messages: Any, index: int, seed: int | None) -> str:
        return "I cannot say."

    with StubServer(Behaviour(answer=silent)) as other, pytest.raises(SetupError) as caught:
        make(base_url=other.url).align(labelled, optimizer=_optimizer())
    assert "the teacher explains none of" in str(caught.value)
