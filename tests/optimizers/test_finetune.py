"""FineTune through its public door: what it refuses, what it trains, which candidate it hands out and what it keeps."""

import copy
import gc
import json
import re
import shutil
from pathlib import Path

import dspy
import pytest

from accord.data import Agreement, Corpus, Estimate, InputError, Journal, Ordinal, SetupError
from accord.optimizers.finetune import FineTune
from accord.optimizers.gate.dev_selection import choose, dev_corpus
from accord.optimizers.rejection_sampling import RejectionSampling
from accord.optimizers.training_jobs.job import ADAPTER, read_job
from accord.programs import Candidate, Guideline, LocalEngine, Rater, local_lm, scripted_lm, vllm_lm

SCALE = Ordinal(1, 3)
pytestmark = pytest.mark.filterwarnings("error", "ignore::DeprecationWarning")


def _example(text: str, label: int, rationale: str | None = None, **more) -> dspy.Example:
    extra = {} if rationale is None else {"rationale": rationale}
    return dspy.Example(text=text, label=label, **extra, **more).with_inputs("text")


def _examples(start: int, count: int) -> list[dspy.Example]:
    return [_example(f"text number {number}", number % 3 + 1) for number in range(start, start + count)]


TRACED = [_example(f"traced {number}", number % 3 + 1, f"reason {number}") for number in range(6)]
UNTRACED = _examples(0, 3)
DEV = _examples(100, 6)


class _Traces(list):
    """As `accord.optimizers.Traces`: the examples with a rationale, and apart from them those without."""

    def unexplained(self) -> list[dspy.Example]:
        return list(UNTRACED)


@pytest.fixture
def student(tiny_model) -> Rater:
    return Rater(SCALE, Guideline("Rate it."), lm=local_lm(LocalEngine(tiny_model)))


def _never() -> Rater:
    def script(prompt, draw):
        raise AssertionError("asked")

    return Rater(SCALE, Guideline("Rate it."), lm=scripted_lm(script))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objectives": ("trace", "dream")}, "unknown objective 'dream'"),
        ({"objectives": ()}, "objectives="),
        ({"objectives": ("label", "label")}, "each once"),
        ({"epochs": 0}, "epochs=0"),
        ({"learning_rate": -1.0}, "learning_rate=-1.0"),
        ({"learning_rate": "5e-4"}, "learning_rate='5e-4'"),
        ({"epochs": True}, "epochs=True"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": "1"}, "seed='1'"),
        ({"rounds": 0}, "rounds=0"),
        ({"rounds": 2, "objectives": ("label", "label_all")}, "no objective has a second one"),
        ({"rounds": 2, "objectives": ("preference",), "own_samples": 1}, "own_samples=1"),
        ({"margin": "2"}, "margin='2'"),
        ({"margin": 0}, "margin=0"),
        ({"margin": float("nan")}, "margin=nan"),
        ({"method": "half"}, "method='half'"),
        ({"patience": 0}, "patience=0"),
        ({"micro_batch": 3}, "micro_batch=3 does not divide batch_size=8"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(options, message):
    with pytest.raises(SetupError, match=message):
        FineTune(**options)


def test_all_weights_are_moved_in_smaller_steps_than_an_adapter():
    assert FineTune().parameters.learning_rate == FineTune(method="qlora").parameters.learning_rate == 5e-4
    assert FineTune(method="full").parameters.learning_rate == 2e-5
    assert FineTune(method="full", learning_rate=1e-3).parameters.learning_rate == 1e-3


def test_it_never_validates_on_the_training_set(student):
    for valset in (None, []):
        with pytest.raises(SetupError, match="dev items"):
            FineTune().compile(student, trainset=TRACED, valset=valset)
    with pytest.raises(SetupError, match="1 of 7 items of the valset are in the trainset"):
        FineTune().compile(student, trainset=TRACED, valset=[*DEV, TRACED[0]])
    with pytest.raises(SetupError, match="1 of 7"):
        FineTune().compile(student, trainset=_Traces(TRACED), valset=[*DEV, UNTRACED[0]])


def test_only_a_model_in_this_process_can_be_trained(student, tiny_model, tmp_path):
    with pytest.raises(SetupError, match=r"scripted/scripted.*base='local'"):
        FineTune().compile(_never(), trainset=TRACED, valset=DEV)
    with pytest.raises(SetupError, match="openai/gpt"):
        FineTune("openai/gpt-4o-mini").compile(student, trainset=TRACED, valset=DEV)
    served = student.variant(lm=vllm_lm(LocalEngine(tiny_model)))
    with pytest.raises(SetupError, match=rf"vLLM server.*Give the student lm='local/{re.escape(str(tiny_model))}'"):
        FineTune().compile(served, trainset=TRACED, valset=DEV)
    with pytest.raises(SetupError, match=rf"vLLM server.*Give base='local/{re.escape(str(tiny_model))}'"):
        FineTune(f"vllm/{tiny_model}").compile(student, trainset=TRACED, valset=DEV)
    (tmp_path / "adapter_config.json").write_text("{}")
    (tmp_path / "adapter_model.safetensors").write_text("")
    trained = student.variant(lm=local_lm(LocalEngine(tiny_model, adapter=tmp_path)))
    with pytest.raises(SetupError, match="fine-tuned already.*name a base"):
        FineTune().compile(trained, trainset=TRACED, valset=DEV)
    whole = student.variant(lm=local_lm(LocalEngine(tiny_model, carried=True)))
    with pytest.raises(SetupError, match="fine-tuned already"):
        FineTune().compile(whole, trainset=TRACED, valset=DEV)


def test_nothing_to_train_on_is_explained(student):
    with pytest.raises(SetupError, match=r"trace: no item has a rationale; label: no item has a rationale"):
        FineTune(objectives=("trace", "label")).compile(student, trainset=UNTRACED, valset=DEV)
    long = [_example("word " * 500, 1, "reason", item_id="a"), _example("word " * 501, 2, "reason", item_id="b")]
    with pytest.raises(SetupError, match=r"all 2 rows, with their rationales, have more than 512 tokens \('a', 'b'\)"):
        FineTune(objectives=("label",)).compile(student, trainset=long, valset=DEV)


def test_labels_that_are_all_the_same_teach_nothing_and_measure_nothing(student):
    alike = [example.copy(label=2) for example in TRACED]
    with pytest.raises(SetupError, match="trainset: all 6 examples have the label '2'. Give examples with different"):
        FineTune().compile(student, trainset=alike, valset=DEV)
    with pytest.raises(SetupError, match="valset: all 6 examples have the label '2'"):
        FineTune().compile(student, trainset=TRACED, valset=[example.copy(label=2) for example in DEV])


def test_items_with_a_rationale_that_all_have_one_label_are_no_traces_to_learn_from(student):
    traced = [_example(f"traced {number}", 3, "reason") for number in range(4)]
    alike = "all 4 rows have the label '3'"
    with pytest.raises(SetupError, match=rf"trace: {alike}; label: {alike}\).*with different labels"):
        FineTune(objectives=("trace", "label")).compile(student, trainset=[*traced, *UNTRACED], valset=DEV)


def test_a_teacher_that_never_reached_a_label_leaves_the_labels_alone(student):
    never = scripted_lm(lambda prompt, draw: "Reason: it is so hard.\nLabel: 4")
    traces = RejectionSampling(2).infer(Rater(SCALE, lm=never), trainset=UNTRACED)
    assert len(traces) == 0
    with pytest.raises(SetupError, match=r"trace: no item has a rationale.*RejectionSampling.infer.*label_all"):
        FineTune(objectives=("trace", "preference")).compile(student, trainset=traces, valset=DEV)


def test_the_command_is_shown_with_its_jobs_and_nothing_is_trained(student, tmp_path):
    pytest.importorskip("trl")
    compiler = FineTune(workspace=tmp_path, launcher="accelerate", accelerate_config="cpu")
    command = compiler.command(student, trainset=TRACED, valset=DEV)
    assert "accelerate" in " ".join(command) and "cpu.yaml" in " ".join(command)
    jobs = [Path(part) for part in command if part.endswith("job.json")]
    assert [job.parent.name.rpartition("-")[0] for job in jobs] == ["trace", "label"]
    assert all(read_job(job)[0].base == str(student.lm.engine.path) for job in jobs)
    assert not list(tmp_path.rglob("adapter"))
    with pytest.raises(SetupError, match="a folder that stays.*workspace="):
        FineTune().command(student, trainset=TRACED, valset=DEV)
    with pytest.raises(SetupError, match="dev items"):
        compiler.command(student, trainset=TRACED)


def test_dev_items_are_told_apart_by_id_or_content(student):
    ids = dev_corpus(student, [], [_example("a", 1, item_id="x", group="g"), _example("b", 2)])
    assert [item.id for item in ids][0] == "x"
    assert ids.groups() == ["g", None]
    assert ids.golds() == [1, 2]
    with pytest.raises(InputError, match=r"valset.*used twice"):
        dev_corpus(student, [], [_example("a", 1), _example("a", 2)])


def _candidate(name: str, alpha: float | None, order) -> Candidate:
    metrics = {"alpha": Estimate(alpha, None, None)}
    agreement = Agreement(6, 0, None, 0, 6, 0, 0, 0.95, metrics)
    return Candidate(name, Rater(SCALE, order=order), agreement, 6)


def test_the_gate_takes_the_best_alpha_and_between_equals_the_simpler():
    trace = _candidate("trace", 0.5, "rationale_label")
    label = _candidate("label", 0.5, "label")
    every = _candidate("label_all", 0.5, "label")
    none = _candidate("none", None, "label")
    ranked = choose([none, trace, label, every])
    assert [candidate.name for candidate in ranked] == ["label", "label_all", "trace", "none"]
    assert [candidate.chosen for candidate in ranked] == [True, False, False, False]
    better = _candidate("trace", 0.51, "rationale_label")
    assert [candidate.name for candidate in choose([label, every, better])] == ["trace", "label", "label_all"]
    assert not trace.chosen
    shuffled = _candidate("trace_shuffled", 0.9, "rationale_label")
    ranked = choose([shuffled, trace, none], last={"trace_shuffled"})
    assert [candidate.name for candidate in ranked] == ["trace", "none", "trace_shuffled"]
    assert [candidate.chosen for candidate in choose([shuffled], last={"trace_shuffled"})] == [True]


@pytest.fixture(scope="module")
def compiled(tiny_model, tmp_path_factory):
    """Compile once; the tests below look at different sides of it."""
    pytest.importorskip("trl")
    folder = tmp_path_factory.mktemp("finetune")
    student = Rater(SCALE, Guideline("Rate it."), lm=local_lm(LocalEngine(tiny_model)))
    before = copy.deepcopy(student.dump_state()), student.lm, student.order
    trainset = _Traces(copy.deepcopy(TRACED))
    seen: list[tuple[int, int, str]] = []
    with Journal(folder / "journal.sqlite") as journal:
        options = {"lora_rank": 2, "epochs": 2, "batch_size": 2, "workspace": folder / "work", "journal": journal}
        compiler = FineTune(**options, progress=lambda *at: seen.append(at))
        policy = dict(vars(compiler))
        rater = compiler.compile(student, trainset=trainset, valset=DEV)
        assert vars(compiler) == policy
        assert (student.dump_state(), student.lm, student.order) == before
        assert student.candidates == ()
        assert student.provenance == {}
        assert list(trainset) == TRACED
        again: list[tuple[int, int, str]] = []
        compiler = FineTune(**options, progress=lambda *at: again.append(at))
        second = compiler.compile(student, trainset=trainset, valset=DEV)
    return rater, second, seen, again, folder / "work"


def test_every_candidate_is_measured_and_one_is_chosen(compiled):
    rater, _, seen, _, _ = compiled
    assert {candidate.name for candidate in rater.candidates} == {"trace", "label", "label_all"}
    assert [candidate.chosen for candidate in rater.candidates] == [True, False, False]
    assert rater.candidates[0].rater is rater
    orders = {candidate.name: candidate.rater.order for candidate in rater.candidates}
    assert orders == {"trace": "rationale_label", "label": "label", "label_all": "label"}
    items = {candidate.name: candidate.items for candidate in rater.candidates}
    assert items == {"trace": 6, "label": 6, "label_all": 9}
    for candidate in rater.candidates:
        assert candidate.dev.n == 6
        assert candidate.dev.fill == 2  # the median of 1, 2, 3 three times over
        assert len(candidate.details["losses"]) == 2
    # 6 rows in batches of 2 are 3 steps an epoch, 9 rows are 5: two epochs each.
    last = {note.split(",")[0]: (done, total) for done, total, note in seen}
    assert {last[f"training {name}"] for name in ("trace", "label")} == {(6, 6)}
    assert last["training label_all"] == (10, 10)
    assert {last[f"rating dev: {name}"] for name in orders} == {(6, 6)}


def test_provenance_is_plain_data_and_says_what_it_was_made_of(compiled):
    rater, _, _, _, _ = compiled
    told = json.loads(json.dumps(rater.provenance))
    assert told["compiler"] == "FineTune"
    assert told["objective"] == rater.candidates[0].name
    assert told["base"].startswith("model@")
    assert told["guideline"] == rater.guideline.hash
    assert told["items"] == rater.candidates[0].items
    assert told["parameters"] == {
        "lora_rank": 2,
        "lora_alpha": 32,
        "epochs": 2,
        "learning_rate": FineTune().parameters.learning_rate,
        "batch_size": 2,
        "seed": 0,
        "method": "lora",
        "micro_batch": None,
        "patience": None,
    }
    assert told["seconds"] > 0
    assert told["skipped"] == {}
    assert told["too_long"] == []
    assert set(told["traces_paid"]["against"]) == {"label"}
    assert "against the labels of the same items alone" in told["traces_paid"]["answer"]
    assert told["dev"]["items"] == 6


def test_a_workspace_is_found_again_and_nothing_is_trained_or_asked_twice(compiled):
    rater, second, _, again, _ = compiled
    assert [candidate.name for candidate in second.candidates] == [candidate.name for candidate in rater.candidates]
    assert [candidate.dev for candidate in second.candidates] == [candidate.dev for candidate in rater.candidates]
    assert not [note for _, _, note in again if note.startswith("training")]
    assert {(done, note) for done, _, note in again} == {
        (6, f"rating dev: {candidate.name}")
        for candidate in rater.candidates  # all at once, from the journal
    }


def test_no_command_is_left_where_everything_is_trained(student, compiled):
    work = compiled[-1]
    compiler = FineTune(objectives=("label",), lora_rank=2, epochs=2, batch_size=2, workspace=work)
    assert compiler.command(student, trainset=TRACED, valset=DEV) == ()
    more = FineTune(objectives=("label", "label_first"), lora_rank=2, epochs=2, batch_size=2, workspace=work)
    assert ["label_first" in part for part in more.command(student, trainset=TRACED, valset=DEV)].count(True) == 1


def test_the_compiled_rater_is_saved_and_loaded_without_the_workspace(compiled, tmp_path):
    rater, _, _, _, work = compiled
    moved = work.with_name("moved")
    texts = [example.text for example in DEV]
    expected = [(answer.label, answer.unparsed) for answer in (rater(text=text) for text in texts)]
    rater.save(tmp_path / "rater")
    shutil.move(work, moved)
    try:
        loaded = Rater.load(tmp_path / "rater")
        assert [(answer.label, answer.unparsed) for answer in (loaded(text=text) for text in texts)] == expected
    finally:
        shutil.move(moved, work)
    files = {file.name for file in (tmp_path / "rater" / "adapter").iterdir()}
    assert files == {"adapter_config.json", "adapter_model.safetensors"}


def test_objectives_with_the_same_rows_are_trained_once(student, compiled):
    _, _, _, _, work = compiled
    # The same rows, parameters and base as `label` above: found in the workspace, so nothing has to be trained.
    compiler = FineTune(objectives=("label", "label_all"), lora_rank=2, epochs=2, batch_size=2, workspace=work)
    rater = compiler.compile(student, trainset=TRACED, valset=DEV)
    assert [candidate.name for candidate in rater.candidates] == ["label"]
    assert rater.provenance["skipped"] == {"label_all": "it has the same rows as 'label'"}


def test_dev_items_that_the_rater_cannot_hold_are_named(student, compiled):
    work = compiled[-1]
    compiler = FineTune(objectives=("label",), lora_rank=2, epochs=2, batch_size=2, workspace=work)
    long = _example("word " * 200, 1, item_id="the long one")
    rater = compiler.compile(student, trainset=TRACED, valset=[*DEV, long])
    assert rater.candidates[0].details["dev_too_long"] == rater.provenance["dev_too_long"] == ["the long one"]
    assert compiled[0].provenance["dev_too_long"] == []


FRIENDLY = ["thank you so much", "what a lovely day", "you are wonderful", "I love this song", "great work, friend"]
HOSTILE = ["go away now", "I hate this mess", "you are awful", "this is a terrible bus", "stop it, liar"]
PLACES = ["on Monday", "in the park", "at work", "near the sea", "after lunch", "in the rain"]


def _moods(places: list[str]) -> list[dspy.Example]:
    pairs = [(text, 3) for text in FRIENDLY] + [(text, 1) for text in HOSTILE]
    return [_example(f"{text} {place}", label) for place in places for text, label in pairs]


@pytest.mark.slow
def test_the_embedded_model_learns_what_it_is_shown():
    """40 training items, 20 dev items; a temporary workspace goes with the last candidate."""
    student = Rater(SCALE, Guideline("How friendly is it?"), lm="local")
    trainset, valset = _moods(PLACES[:4]), _moods(PLACES[4:])
    compiler = FineTune(objectives=("label_all",), epochs=5, learning_rate=5e-4)
    rater = compiler.compile(student, trainset=trainset, valset=valset)
    (candidate,) = rater.candidates
    assert candidate.dev.unparsed == 0
    assert (candidate.dev.metrics["alpha"].value or 0) > 0.5
    assert candidate.details["losses"][-1] < candidate.details["losses"][0] / 2
    engine = rater.lm.engine
    assert isinstance(engine, LocalEngine) and engine.adapter is not None
    workspace = engine.adapter.parent.parent
    assert workspace.is_dir()
    assert not [file for file in workspace.rglob("*.bin")]  # nothing pickled is left
    assert engine.adapter.name == ADAPTER
    unseen = [{"text": "you are wonderful today", "label": 3}, {"text": "you are awful today", "label": 1}]
    corpus = Corpus.from_records(unseen, fields=["text"], label="label", scale=SCALE)
    assert rater.rate(corpus).labels == [3, 1]
    del rater, candidate, engine
    gc.collect()
    assert not Path(workspace).exists()
