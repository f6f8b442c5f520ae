"""FineTune from end to end on scales that are not one digit, and on a base without a chat template."""

import json
import shutil
from pathlib import Path
from typing import Any

import dspy
import pytest

from accord.data import Interval, Ordinal, Scale
from accord.optimizers import FineTune
from accord.programs import Guideline, LocalEngine, Rater, local_lm

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
SCALES: dict[str, Scale] = {
    "1 to 10": Ordinal(1, 10),
    "names": Ordinal.of(["плохо", "good", "very good", "とても良い"]),
    "0 to 100 by 5": Interval(0, 100, 5),
}


def _examples(scale: Scale, start: int, **more: Any) -> list[dspy.Example]:
    levels = scale.levels or ()
    labels = [levels[place % len(levels)] for place in range(12)]
    return [
        dspy.Example(text=f"text {start + place}", label=label, **more).with_inputs("text")
        for place, label in enumerate(labels)
    ]


@pytest.mark.parametrize("name", list(SCALES))
def test_labels_of_several_tokens_are_trained_measured_saved_and_scored(tiny_model: Path, tmp_path: Path, name: str):
    pytest.importorskip("trl")
    scale = SCALES[name]
    student = Rater(scale, Guideline("Rate."), lm=local_lm(LocalEngine(tiny_model)))
    compiler = FineTune(objectives=("label_all", "regression"), epochs=1, lora_rank=4, patience=1, workspace=tmp_path)
    trainset = _examples(scale, 0, rationale="So.")
    rater = compiler.compile(student, trainset=trainset, valset=_examples(scale, 100))
    names = {candidate.name: candidate for candidate in rater.candidates}
    assert set(names) == {"label_all", "regression", "regression_expected"}
    assert names["label_all"].details["early_stopping"] == "by the loss on 12 of 12 dev examples"
    assert len(names["label_all"].details["dev_losses"]) == 1
    assert names["regression"].details["early_stopping"] == "none: no example of the valset has a rationale"
    # Random weights write no label, but what they think of each can be read after a reply without rationale.
    expected = names["regression_expected"].rater.variant(order="label")
    expected.save(tmp_path / "rater")
    answer = Rater.load(tmp_path / "rater")(text="text 1")
    assert set(answer.distribution) == set(scale.levels or ())
    assert sum(answer.distribution.values()) == pytest.approx(1)
    assert answer.label == scale.nearest(answer.score)


def test_a_base_without_a_chat_template_is_trained_and_rates(tiny_model: Path, tmp_path: Path):
    pytest.importorskip("trl")
    plain = tmp_path / "plain"
    shutil.copytree(tiny_model, plain)
    (plain / "chat_template.jinja").unlink(missing_ok=True)
    settings = json.loads((plain / "tokenizer_config.json").read_text())
    (plain / "tokenizer_config.json").write_text(json.dumps({**settings, "chat_template": None}))
    scale = Ordinal(1, 3)
    student = Rater(scale, Guideline("Rate."), lm=local_lm(LocalEngine(plain)))
    trainset, valset = _examples(scale, 0), _examples(scale, 100)
    compiler = FineTune(objectives=("label_all",), method="full", epochs=30, learning_rate=1e-2, workspace=tmp_path)
    rater = compiler.compile(student, trainset=trainset, valset=valset)
    (candidate,) = rater.candidates
    assert candidate.details["losses"][-1] < candidate.details["losses"][0] / 2
    assert candidate.dev.unparsed < candidate.dev.n
