"""Further rounds of self-training: what is learned from a rater's own replies, and what is counted where it is not."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy
import pytest

from accord.data import Draw, InputError, Journal, Ordinal
from accord.optimizers import FineTune
from accord.optimizers.finetuning.planner import Plan, Planner
from accord.optimizers.finetuning.preferences import Preference
from accord.optimizers.finetuning.self_training import Rounds, own_items
from accord.optimizers.training_jobs.hyperparameters import Parameters
from accord.programs import Guideline, LocalEngine, Prompt, Rater, Scoring, local_lm, scripted_lm

pytestmark = pytest.mark.filterwarnings("default")
SCALE = Ordinal(1, 5)
PARAMETERS = Parameters(2, 4, 1, 1e-3, 2, 0)


def _example(text: str, label: int, rationale: str | None = None, **more: Any) -> dspy.Example:
    extra = {} if rationale is None else {"rationale": rationale}
    return dspy.Example(text=text, label=label, **extra, **more).with_inputs("text")


REPLIES = {
    "right": ["Reason: It greets.\nLabel: 4", "Reason: It hurts.\nLabel: 1", "Reason: Fine.\nLabel: 4"],
    "wrong": ["Reason: It shouts.\nLabel: 5", "Reason: It is loud.\nLabel: 5", "Reason: Loud.\nLabel: 4"],
    "mute": ["Label: 3", "", "Reason: I do not know."],
    "near": ["Reason: Hm.\nLabel: 3", "Reason: Well.\nLabel: 2", "Reason: So so.\nLabel: 3"],
    "far": ["Reason: Nice.\nLabel: 5", "Reason: It spits.\nLabel: 1", "Reason: Bad.\nLabel: 1"],
}
"""What the rater of the last round says of each item, draw by draw."""

EXAMPLES = [
    _example("right", 4, "people said this", weight=0.1),
    _example("wrong", 1, "people said that"),
    _example("mute", 3),
    _example("near", 3),
]


@dataclass
class _Raters:
    """Stands in for `Measure`: the rater of a trained plan says what the script says."""

    asked: list[str]

    def rater(self, plan: Plan, scoring: Scoring) -> Rater:
        def script(prompt: Prompt, draw: int) -> str:
            self.asked.append(plan.name)
            return REPLIES[prompt.turns[-1].content.split("\n")[1]][draw]

        return plan.rater.variant(lm=scripted_lm(script, model_id=plan.name), scoring=scoring)


@pytest.fixture
def student(tiny_model: Path) -> Rater:
    return Rater(SCALE, Guideline("Rate it."), lm=local_lm(LocalEngine(tiny_model)))


@pytest.fixture
def planner(student: Rater, tmp_path: Path) -> Planner:
    engine = student.lm.engine
    assert isinstance(engine, LocalEngine)
    options: dict[str, Any] = {"weighted": True, "regression_weight": 0.5, "valset": []}
    return Planner(student, engine, PARAMETERS, tmp_path, **options)


def _rounds(planner: Planner, raters: _Raters, **options: Any) -> Rounds:
    items = own_items(planner.student, EXAMPLES, None)
    kept = {"samples": 3, "margin": 2.0, "seed": 0, "journal": None, "progress": None, **options}
    return Rounds(planner, raters, items, **kept)  # pyright: ignore[reportArgumentType]


def _plan(made: Plan | str) -> Plan:
    assert isinstance(made, Plan), made
    made.folder.mkdir(parents=True)
    return made


def _texts(tiny_model: Path, plan: Plan) -> list[str]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    return [tokenizer.decode(row.completion) for row in plan.rows]


@pytest.mark.parametrize("objective", ["trace", "regression"])
def test_stage_two_keeps_every_own_rationale_with_the_human_label(tiny_model, planner, objective):
    raters = _Raters([])
    first = _plan(planner.of_examples(objective, EXAMPLES))
    (second,), ended = _rounds(planner, raters).after([first])
    assert ended == {}
    assert second.name == f"{objective}_round2" and second.round == 2
    # Rationales of "right" and "near" led to gold, that of "wrong" did not; all items are asked, traced or not.
    assert _texts(tiny_model, second) == [
        "Reason: It greets.\nLabel: 4<|end|>",
        "Reason: It shouts.\nLabel: 1<|end|>",
        "Reason: Hm.\nLabel: 3<|end|>",
    ]
    assert [row.weight for row in second.rows] == [1.0, 1.0, 1.0]
    assert all((row.aim is not None) == (objective == "regression") for row in second.rows)
    assert second.details["own_replies"] == {"items": 4, "samples": 1, "without_rationale": {"no_rationale": 1}}
    # From the base, not from the weights of the first round.
    assert (second.job.base, second.job.start) == (first.job.base, None)
    assert second.folder.name.startswith(f"{objective}_round2-")
    assert set(raters.asked) == {objective} and len(raters.asked) == 4


def test_the_round_after_draws_with_the_rater_of_the_last_one(planner):
    raters = _Raters([])
    rounds = _rounds(planner, raters)
    (second,), _ = rounds.after([_plan(planner.of_examples("trace", EXAMPLES))])
    second.folder.mkdir()
    (third,), _ = rounds.after([second])
    assert third.name == "trace_round3"
    assert set(raters.asked) == {"trace", "trace_round2"}


def test_pairs_are_made_of_own_replies_and_training_goes_on_from_the_last_weights(tiny_model, planner, tmp_path):
    raters = _Raters([])
    missed = Draw("x", "0", 0, 1, "missed it", "")
    given = [Preference("x", _example("right", label, "of a teacher"), missed, 3.0) for label in (4, 5)]
    first = _plan(planner.of_pairs(given))
    first.weights.mkdir()
    (first.weights / "adapter_model.safetensors").write_bytes(b"weights")
    rounds = _rounds(planner, raters)
    alone = rounds.after([first])
    assert alone == ((), {"preference_round2": "all 1 rows have the label '4'"})
    items = own_items(planner.student, [*EXAMPLES, _example("far", 1)], None)
    (second,), ended = Rounds(**{**vars(rounds), "items": items}).after([first])
    assert ended == {}
    assert _texts(tiny_model, second) == [
        "Reason: It greets.\nLabel: 4<|end|>",
        "Reason: It spits.\nLabel: 1<|end|>",
    ]
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    assert tokenizer.decode(second.rows[0].rejected) == "Reason: It hurts.\nLabel: 1<|end|>"
    # "wrong" never comes to 1, "mute" says no label with a rationale, "near" is off by less than two steps.
    lacks = {"no_match": 2, "within_margin": 1}
    assert second.details["without_pair"] == lacks and second.details["pairs"] == 2
    assert second.details["pairs"] + sum(lacks.values()) == len(items)
    assert second.details["own_replies"] == {"items": 5, "samples": 3}
    assert second.job.start == str(first.weights) and second.job.start_hash is not None
    assert len(raters.asked) == 15


def test_an_objective_without_own_replies_ends_and_says_why(planner):
    silent = _Raters([])
    items = [example for example in own_items(planner.student, EXAMPLES, None) if example.text == "mute"]
    rounds = _rounds(planner, silent)
    rounds = Rounds(**{**vars(rounds), "items": items})
    plans, ended = rounds.after(
        [_plan(planner.of_examples("trace", EXAMPLES)), _plan(planner.of_examples("label", EXAMPLES))]
    )
    assert plans == ()
    assert ended == {"trace_round2": "no own reply has a rationale (no_rationale: 1)"}


@pytest.mark.parametrize("kept", ["beside the weights", "in the journal"])
def test_own_replies_are_drawn_once(planner, tmp_path, kept):
    raters = _Raters([])
    first = _plan(planner.of_examples("trace", EXAMPLES))
    with Journal(tmp_path / "journal.sqlite") as journal:
        rounds = _rounds(planner, raters, journal=journal if kept == "in the journal" else None)
        folders = [[plan.folder for plan in rounds.after([first]).plans] for _ in range(2)]
    assert folders[0] == folders[1] and len(folders[0]) == 1  # named by what is trained
    assert len(raters.asked) == 4


def test_what_would_end_a_run_between_rounds_is_refused_before_training(tmp_path):
    student = Rater(SCALE)
    with pytest.raises(InputError, match="a field cannot be called 'kind' in further rounds.*rounds=1"):
        own_items(Rater(SCALE, fields=("text", "kind")), [_example("a", 1, kind="essay")], None)
    twice = [_example("a", 1), _example("b", 2), _example("a", 3)]
    with pytest.raises(InputError, match=r"trainset\[2\].*is there twice.*rounds=1"):
        own_items(student, twice, None)
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.claim("another corpus", {"x": "ab" * 32})
        with pytest.raises(InputError, match="another corpus"):
            own_items(student, EXAMPLES, journal)


def _dev() -> list[dspy.Example]:
    return [_example(f"dev {place}", place % 5 + 1) for place in range(5)]


@pytest.mark.slow
def test_rounds_are_trained_measured_and_found_again(tiny_model, tmp_path):
    """A tiny model learns one form by heart, so that what it draws at temperature 1 can be read."""
    pytest.importorskip("trl")
    student = Rater(SCALE, Guideline("Rate."), lm=local_lm(LocalEngine(tiny_model)))
    trainset = [_example(f"t{place}", place % 5 + 1, "So be it.") for place in range(10)]
    options: dict[str, Any] = {
        "objectives": ("trace", "trace_shuffled", "label"),
        "rounds": 2,
        "method": "full",
        "epochs": 40,
        "learning_rate": 1e-2,
        "workspace": tmp_path,
    }
    rater = FineTune(**options).compile(student, trainset=trainset, valset=_dev())
    names = {candidate.name: candidate for candidate in rater.candidates}
    told = json.loads(json.dumps(rater.provenance))
    assert set(names) == {"trace", "label", "trace_round2"}, told["skipped"]
    # One rationale for all items: shuffling changes nothing, and that is said.
    assert told["skipped"] == {"trace_shuffled": "it has the same rows as 'trace'"}
    own = names["trace_round2"].details["own_replies"]
    assert own["items"] == 10
    assert told["rounds"] == {"trace_round2": {"own_replies": own}}
    assert names["trace_round2"].items == 10 - sum(own["without_rationale"].values()) > 0
    notes: list[str] = []
    again = FineTune(**options, progress=lambda done, total, note: notes.append(note))
    second = again.compile(student, trainset=trainset, valset=_dev())
    assert [candidate.dev for candidate in second.candidates] == [candidate.dev for candidate in rater.candidates]
    assert not [note for note in notes if note.startswith("training")]
    engine = names["trace_round2"].rater.lm.engine
    assert isinstance(engine, LocalEngine) and engine.carried
