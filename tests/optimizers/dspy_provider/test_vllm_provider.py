"""DSPy's own optimizers of weights with the provider: real training of a tiny model, a stub in vLLM's place."""

import json
import sys
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy.clients.utils_finetune import TrainDataFormat, TrainingStatus

from accord.data import InputError, SetupError
from accord.optimizers import VLLMProvider, VLLMTrainingJob
from accord.programs import VLLMLM, VLLMEngine, vllm_lm
from worlds.scripted_teacher import ANSWER, teacher_of
from worlds.soup_reviews import reviews
from worlds.stub_vllm import make_stub_vllm, processes_in
from worlds.tiny_model import make_tiny_model

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
    pytest.mark.filterwarnings("default"),
]

CHAT = [
    {"messages": [{"role": "user", "content": f"Well, {n}?"}, {"role": "assistant", "content": "3"}]} for n in "abcd"
]
QUICK = {"epochs": 1, "lora_rank": 2, "lora_alpha": 4}


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny model that reads prompts of DSPy's length."""
    pytest.importorskip("trl")
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "model", context=4096)


@pytest.fixture
def lm(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> VLLMLM:
    """Return a tiny model on the stub, which always says the same."""
    monkeypatch.setenv("DSPY_FINETUNEDIR", str(tmp_path / "finetune"))
    python = str(make_stub_vllm(tmp_path / "stub"))
    options = ("--stub-text", ANSWER.format(3))
    return vllm_lm(f"vllm/{tiny_model}", python=python, options=options, max_tokens=32, provider=VLLMProvider())


def _program(lm: dspy.LM) -> dspy.Predict:
    program = dspy.Predict("text -> label: int")
    program.set_lm(lm)
    return program


def _exact(example: dspy.Example, said: dspy.Prediction, trace: object = None) -> bool:
    return example.label == said.label


def test_launch_and_kill_can_be_called_at_any_time(lm: VLLMLM) -> None:
    lm.kill()
    lm.launch()
    lm.launch()
    engine = lm.engine
    assert isinstance(engine, VLLMEngine)
    server = engine.open()
    assert server.is_running and server.log is not None
    folder = server.log.parent
    lm.kill()
    lm.kill()
    assert processes_in(folder) == []


def test_what_cannot_be_used_is_refused(lm: VLLMLM) -> None:
    other = dspy.LM("openai/some-model", provider=VLLMProvider())
    with pytest.raises(SetupError, match="is not an LM on vLLM.*resolve_model"):
        other.launch()
    with pytest.raises(SetupError, match="launch_kwargs are not used"):
        lm.launch({"timeout": 5})
    assert VLLMProvider.is_provider_model(lm.model) and not VLLMProvider.is_provider_model("openai/vllm")
    assert VLLMProvider().finetunable and not VLLMProvider().reinforceable
    job = VLLMTrainingJob()
    for rows, options, message in (
        (CHAT, {"lr": 1}, "unknown train_kwargs 'lr'. There are batch_size, epochs"),
        (CHAT, {"epochs": 0}, "epochs=0"),
        ([], {}, "no conversations"),
        ([{"messages": CHAT[0]["messages"][:1]}], {}, "row 1: has no messages, or fewer than two"),
        ([{"messages": CHAT[0]["messages"][::-1]}], {}, "row 1: does not end with the assistant's turn"),
        ([{"messages": [{"role": "user", "content": "x" * 5000}, *CHAT[0]["messages"]]}], {}, "none of the 1 fits"),
    ):
        with pytest.raises((InputError, SetupError), match=message):
            VLLMProvider.finetune(job, lm.model, rows, TrainDataFormat.CHAT, options)
    with pytest.raises(SetupError, match="cannot train on the format"):
        VLLMProvider.finetune(job, lm.model, CHAT, TrainDataFormat.COMPLETION)


@pytest.mark.slow
def test_all_weights_are_trained_with_a_far_smaller_learning_rate_than_an_adapter(lm: VLLMLM) -> None:
    name = VLLMProvider.finetune(VLLMTrainingJob(), lm.model, CHAT, TrainDataFormat.CHAT, {"method": "full"})
    order = json.loads((Path(name.removeprefix("vllm/")).parent / "job.json").read_text())
    assert order["parameters"]["learning_rate"] == 2e-5


@pytest.mark.slow
def test_bootstrap_finetune_trains_an_adapter_that_the_program_then_asks(lm: VLLMLM, tiny_model: Path) -> None:
    examples = reviews(8, seed=5)
    student, teacher = _program(lm), _program(teacher_of(examples))
    optimizer = dspy.BootstrapFinetune(metric=_exact, train_kwargs=QUICK, num_threads=2)
    with dspy.context(adapter=dspy.ChatAdapter()):
        trained = optimizer.compile(student, trainset=examples, teacher=teacher)
        found = trained.predictors()[0].lm
        assert isinstance(found, VLLMLM) and isinstance(found.engine, VLLMEngine)
        assert found.model != lm.model
        assert found.engine.local.path == tiny_model
        adapter = found.engine.local.adapter
        assert adapter is not None
        rows = (adapter.parent / "rows.jsonl").read_text().splitlines()
        assert len(rows) == 8
        assert trained(text="The soup was average.").label == 3
        sent = found.engine.open().log
        assert sent is not None
        asked = [json.loads(line) for line in sent.read_text().splitlines() if line.startswith("{")]
        assert asked[-1]["model"] == "adapter"
        # What the trained model reads at deployment begins as what it was trained on.
        first = json.loads(rows[0])["prompt"]
        assert asked[-1]["prompt"][:200] == first[:200]
        found.kill()

        again = VLLMProvider.finetune(VLLMTrainingJob(), found.model, CHAT, TrainDataFormat.CHAT, QUICK)
    order = json.loads((Path(again.removeprefix("vllm/")).parent / "job.json").read_text())
    assert order["start"] == str(adapter)  # a trained model is trained on


@pytest.mark.slow
def test_better_together_prompts_trains_and_starts_the_trained_model(lm: VLLMLM) -> None:
    examples = reviews(8, seed=5)
    weights = dspy.BootstrapFinetune(metric=_exact, train_kwargs=QUICK, num_threads=2)
    prompts = dspy.LabeledFewShot(k=1)  # BootstrapFewShot does not take the teacher that BetterTogether hands on
    with dspy.context(adapter=dspy.ChatAdapter()):
        found = dspy.BetterTogether(metric=_exact, p=prompts, w=weights).compile(
            _program(lm),
            trainset=examples[:6],
            valset=examples[6:],
            strategy="p -> w",
            teacher=_program(teacher_of(examples)),
        )
        assert found(text="The soup was average.").label == 3
    tried: list[dict[str, Any]] = getattr(found, "candidate_programs")  # noqa: B009  (DSPy hangs it on the module)
    models = {one["program"].predictors()[0].lm.model for one in tried}
    assert lm.model in models and any(model.endswith("/served") for model in models)


@pytest.mark.slow
def test_a_training_job_says_how_far_it_is_and_can_be_cancelled(lm: VLLMLM) -> None:
    done = lm.finetune(CHAT, TrainDataFormat.CHAT, QUICK)
    assert done.status() == TrainingStatus.running
    assert done.result().model.startswith("vllm/")
    assert done.status() == TrainingStatus.succeeded

    failed = lm.finetune(CHAT, TrainDataFormat.CHAT, {"epochs": 0})
    assert isinstance(failed.result(), SetupError)
    assert failed.status() == TrainingStatus.failed

    cancelled = lm.finetune(CHAT * 50, TrainDataFormat.CHAT, {**QUICK, "epochs": 500})
    assert cancelled.cancel()
    assert cancelled.status() == TrainingStatus.cancelled
    with pytest.raises(CancelledError):
        cancelled.result()
    assert cancelled.thread is not None
    cancelled.thread.join(timeout=60)
    assert not cancelled.thread.is_alive()
