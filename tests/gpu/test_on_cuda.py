"""Training, drawing and the loss on a CUDA device: that they run there, and say what they say on the CPU."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dspy
import pytest

from accord.data import Ordinal
from accord.optimizers import FineTune
from accord.optimizers.finetuning.objectives import make_rows
from accord.optimizers.training_jobs.rows import Row
from accord.programs import Ask, Guideline, LocalEngine, Prompt, Rater, Sampling, Turn, local_lm

pytestmark = [pytest.mark.gpu, pytest.mark.slow, pytest.mark.filterwarnings("default")]

SCALE = Ordinal(1, 3)
TRAIN = [
    dspy.Example(text=f"text {number}", label=number % 3 + 1, rationale=f"reason {number}").with_inputs("text")
    for number in range(8)
]
DEV = [dspy.Example(text=f"dev {number}", label=number % 3 + 1).with_inputs("text") for number in range(6)]
PROMPTS = [Prompt((Turn("system", "Rate it."), Turn("user", f"text number {number}"))) for number in range(5)]

TRAIN_AND_TELL = """
import json, sys, torch
from accord.optimizers.trainer.__main__ import main
code = main(sys.argv[1:])
print(json.dumps({"code": code, "bytes": torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0}))
"""

CHOOSE = """
import json, sys
from pathlib import Path
from accord.programs import LocalEngine, Prompt, Turn
prompts = [Prompt((Turn("system", "Rate it."), Turn("user", f"text number {number}"))) for number in range(5)]
print(json.dumps(LocalEngine(Path(sys.argv[1])).level_log_probabilities(prompts, ["Label: 1", "Label: 2"])))
"""


def tell(program: str, *arguments: str, cuda: bool) -> Any:
    """Run a program in a process of its own, with or without the device, and return the JSON it prints last."""
    environment = dict(os.environ)
    if not cuda:
        environment["CUDA_VISIBLE_DEVICES"] = ""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_fine_tuning_uses_the_device_and_learns_what_it_learns_on_the_cpu(tiny_model: Path, tmp_path: Path) -> None:
    """The job that FineTune trained is trained again on either side: the losses agree as far as bfloat16 goes."""
    pytest.importorskip("trl")
    student = Rater(SCALE, Guideline("Rate it."), lm=local_lm(LocalEngine(tiny_model)))
    compiler = FineTune(objectives=("trace",), lora_rank=2, epochs=2, batch_size=4, workspace=tmp_path / "work")
    rater = compiler.compile(student, trainset=TRAIN, valset=DEV)
    assert [candidate.name for candidate in rater.candidates] == ["trace"]
    (job,) = (tmp_path / "work").glob("*/job.json")
    losses: dict[str, list[float]] = {}
    for side in ("cuda", "cpu"):
        folder = tmp_path / side
        folder.mkdir()
        for file in (job, *job.parent.glob("*rows.jsonl")):
            shutil.copy(file, folder / file.name)
        told = tell(TRAIN_AND_TELL, str(folder / "job.json"), cuda=side == "cuda")
        assert told["code"] == 0
        assert (told["bytes"] > 0) == (side == "cuda")
        losses[side] = json.loads((folder / "done.json").read_text(encoding="utf-8"))["losses"]
    assert losses["cuda"] == pytest.approx(losses["cpu"], rel=0.02)
    assert losses["cuda"] == pytest.approx(json.loads((job.parent / "done.json").read_text())["losses"], rel=0.02)


def test_draws_are_seeded_one_by_one_on_the_device(tiny_model: Path) -> None:
    import torch

    engine = LocalEngine(tiny_model)
    sampling = Sampling(temperature=1.0, max_tokens=12, seed=7)

    def draw(asks: Sequence[Ask]) -> dict[int, list[str]]:
        return {place: [said.text for said in drawn] for place, drawn in engine.complete_many(asks, sampling)}

    several = draw([Ask(prompt, (0, 1, 2)) for prompt in PROMPTS])
    assert torch.cuda.max_memory_allocated() > 0
    assert several == draw([Ask(prompt, (0, 1, 2)) for prompt in PROMPTS])
    assert all(len(set(texts)) == 3 for texts in several.values())
    # A draw depends on its own seed, not on its batch, up to the rounding of the arithmetic: most come out alike.
    alone = [draw([Ask(prompt, (1,))])[0][0] for prompt in PROMPTS]
    assert sum(text == several[place][1] for place, text in enumerate(alone)) >= 3


def test_levels_are_as_likely_on_the_device_as_on_the_cpu(tiny_model: Path) -> None:
    here = LocalEngine(tiny_model).level_log_probabilities(PROMPTS, ["Label: 1", "Label: 2"])
    there = tell(CHOOSE, str(tiny_model), cuda=False)
    for mine, others in zip(here, there, strict=True):
        assert mine == pytest.approx(others, abs=0.05)


def test_the_regression_loss_is_that_of_the_cpu(tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    rater = Rater(SCALE, Guideline("Rate it."))
    rows = make_rows(rater, TRAIN, tokenizer, context=512, regression_weight=1.0).rows
    assert all(row.aim is not None for row in rows)
    found = {
        use_cpu: loss_and_slope(tiny_model, tokenizer, rows, tmp_path, use_cpu=use_cpu) for use_cpu in (True, False)
    }
    assert found[False] == pytest.approx(found[True], rel=1e-3)


def loss_and_slope(
    folder: Path, tokenizer: Any, rows: Sequence[Row], output: Path, *, use_cpu: bool
) -> tuple[float, float]:
    """Return the loss of rows with aims in float32, and the length of its gradient."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM
    from trl.trainer.sft_config import SFTConfig

    from accord.optimizers.trainer.completion_trainer import CompletionTrainer

    columns = [{"input_ids": row.input_ids, "labels": row.labels, "row": number} for number, row in enumerate(rows)]
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    trainer = CompletionTrainer(
        model=model,
        args=SFTConfig(
            output_dir=str(output),
            bf16=False,
            use_cpu=use_cpu,
            max_length=None,
            report_to=[],
            save_strategy="no",
            remove_unused_columns=False,
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=Dataset.from_list(columns),
        processing_class=tokenizer,
        rows=rows,
    )
    device = "cpu" if use_cpu else "cuda"
    batch = {name: values.to(device) for name, values in trainer.data_collator(columns).items()}
    loss: Any = trainer.compute_loss(model.to(device), batch)
    loss.backward()
    slopes = [weight.grad.float().norm() for weight in model.parameters() if weight.grad is not None]
    return float(loss.detach()), float(torch.stack(slopes).norm())
