"""DSPy's BootstrapFinetune from end to end: TRL trains the embedded model, a real vLLM serves it with its adapter."""

from pathlib import Path

import dspy
import pytest

from accord.optimizers import VLLMProvider
from accord.programs import VLLMLM, VLLMEngine, resolve_model
from worlds.scripted_teacher import teacher_of
from worlds.soup_reviews import reviews
from worlds.stub_vllm import is_open, processes_in

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]


class Rate(dspy.Signature):
    """Rate the review from 1 to 5."""

    text: str = dspy.InputField()
    label: int = dspy.OutputField()


def _exact(example: dspy.Example, said: dspy.Prediction, trace: object = None) -> bool:
    return example.label == said.label


def test_bootstrap_finetune_trains_with_trl_and_serves_with_vllm(
    python: str, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSPY_FINETUNEDIR", str(tmp_path))
    lm = resolve_model(f"vllm/{base}", python=python, max_tokens=32, provider=VLLMProvider())
    examples = reviews(8, seed=5)
    student, teacher = dspy.Predict(Rate), dspy.Predict(Rate)
    student.set_lm(lm)
    teacher.set_lm(teacher_of(examples))
    optimizer = dspy.BootstrapFinetune(
        metric=_exact, num_threads=2, train_kwargs={"epochs": 4, "batch_size": 2, "learning_rate": 1e-3}
    )
    # Without the second try in JSON: what the model was trained on is the chat format.
    with dspy.context(adapter=dspy.ChatAdapter(use_json_adapter_fallback=False)):
        trained = optimizer.compile(student, trainset=examples, teacher=teacher)
        tuned = trained.predictors()[0].lm
        assert isinstance(tuned, VLLMLM)
        tuned.launch()
        engine = tuned.engine
        assert isinstance(engine, VLLMEngine)
        server = engine.open()
        assert server.log is not None
        folder, port = server.log.parent, server.port
        labels = [trained(text=example.text).label for example in examples]
    assert all(label in (1, 2, 3, 4, 5) for label in labels)  # the form was learned; the base model does not keep it
    assert len(set(labels)) > 1
    tuned.kill()
    assert processes_in(folder) == []
    assert not is_open(port)
