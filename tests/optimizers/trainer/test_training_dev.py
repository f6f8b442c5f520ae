"""Dev rows: measured after each epoch, however they are cut; training ends when they get no better, also resumed."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accord.optimizers.trainer.early_stopping import best_epoch, exhausted
from accord.optimizers.training_jobs.job import ADAPTER, CHECKPOINTS, JOB, PROGRESS
from worlds.training_jobs import make_job, some_pairs, some_rows, trained, training_command, wait_for_line

pytestmark = pytest.mark.filterwarnings("default")

ROWS, DEV = some_rows(12), some_rows(5, first=80)
CONTRARY = [
    replace(row, completion=tuple(token + 30 if number % 3 else token for token in row.completion))
    for number, row in enumerate(some_rows(6, first=80))
]
"""Two thirds of these answer otherwise than what is trained: their loss falls for a few epochs, and then it rises."""

OVERFIT: dict[str, Any] = {"learning_rate": 2e-2, "epochs": 8}


def _train(folder: Path, **options: Any) -> Any:
    pytest.importorskip("trl")
    from accord.optimizers.trainer.__main__ import train

    return train(folder / JOB, **options)


def _bytes(folder: Path) -> bytes:
    return (folder / ADAPTER / "adapter_model.safetensors").read_bytes()


def test_patience_is_counted_from_the_lowest_loss():
    assert best_epoch([3.0, 2.0, 2.0, 2.5]) == 2
    assert [exhausted([3.0, 2.0, 2.0, 2.5][:length], 2) for length in range(1, 5)] == [False, False, False, True]
    assert not exhausted([3.0, 2.0, 2.0, 1.9], 2)
    assert (best_epoch([float("nan")] * 2), exhausted([float("nan")] * 2, 2)) == (None, True)
    assert best_epoch([float("nan"), 2.0]) == 2
    assert best_epoch([]) is None
    assert not exhausted([], 1)


def test_dev_rows_are_measured_and_the_last_weights_kept_without_patience(tmp_path, tiny_model):
    make_job(tmp_path / "with", tiny_model, ROWS, DEV)
    make_job(tmp_path / "without", tiny_model, ROWS)
    result = _train(tmp_path / "with")
    assert (len(result.dev_losses), result.best_epoch, len(result.losses)) == (2, None, 6)
    lines = [json.loads(line) for line in (tmp_path / "with" / PROGRESS).read_text().splitlines()]
    assert [(line["step"], "dev_loss" in line) for line in lines] == [
        *[(1, False), (2, False), (3, False), (3, True)],
        *[(4, False), (5, False), (6, False), (6, True)],
    ]
    assert tuple(line["dev_loss"] for line in lines if "dev_loss" in line) == result.dev_losses
    assert lines[3]["loss"] == lines[2]["loss"]
    assert _train(tmp_path / "without").losses == result.losses
    assert _bytes(tmp_path / "without") == _bytes(tmp_path / "with")


def test_the_dev_loss_is_the_mean_over_its_tokens_however_it_is_cut(tmp_path, tiny_model):
    from accord.optimizers.trainer.distributed import Ranks
    from accord.optimizers.trainer.load_weights import load_base, load_tokenizer
    from accord.optimizers.trainer.trainers import Attempt, arguments, make_trainer

    found: list[float] = []
    for size in (4, 2, 1):
        job = make_job(tmp_path, tiny_model, ROWS, DEV)
        attempt = Attempt(job, ROWS, DEV, tmp_path, size, Ranks(0, 1), 300.0)
        settings = arguments(attempt, small=True)
        trainer = make_trainer(attempt, settings, load_base(job).float(), load_tokenizer(job), small=True)
        trainer.args.bf16 = False
        found.append(trainer.evaluate()["eval_loss"])
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    total = 0.0
    for row in DEV:
        with torch.no_grad():
            logs = model(input_ids=torch.tensor([row.input_ids])).logits[0].log_softmax(-1)
        total -= sum(
            float(logs[place - 1, row.input_ids[place]]) for place in range(len(row.prompt), len(row.input_ids))
        )
    by_hand = total / sum(len(row.completion) for row in DEV)
    assert found == pytest.approx([by_hand] * 3, rel=5e-3)  # the trainer computes in bfloat16


@pytest.mark.slow
def test_training_ends_when_dev_gets_no_better_and_keeps_the_best_epoch(tmp_path, tiny_model):
    job = make_job(tmp_path / "stopped", tiny_model, ROWS, CONTRARY, **OVERFIT, patience=2)
    result = _train(tmp_path / "stopped")
    best = result.best_epoch
    assert best is not None
    assert result.dev_losses[best - 1] == min(result.dev_losses)
    assert len(result.dev_losses) == best + 2 < 8
    assert len(result.losses) == 3 * len(result.dev_losses)
    assert result.tokens == len(result.dev_losses) * sum(len(row.input_ids) for row in ROWS)
    # Measured again with the weights that were kept, the loss is that of the best epoch and not of the last.
    again = make_job(
        tmp_path / "again",
        tiny_model,
        ROWS,
        CONTRARY,
        start=tmp_path / "stopped" / ADAPTER,
        learning_rate=1e-9,
        epochs=1,
    )
    assert again.hash != job.hash
    measured = _train(tmp_path / "again").dev_losses[0]
    assert measured == pytest.approx(result.dev_losses[best - 1], abs=1e-3)
    assert measured != pytest.approx(result.dev_losses[-1], abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("lines", [4, 9])
def test_a_killed_training_ends_and_chooses_as_if_it_had_not_been(tmp_path, tiny_model, lines):
    """Lines 4, 8, ... are measurements, each before its epoch's checkpoint is written."""
    jobs = {
        name: make_job(tmp_path / name, tiny_model, ROWS, CONTRARY, **OVERFIT, patience=2)
        for name in ("killed", "whole")
    }
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(training_command(tmp_path / "killed", "--save-seconds", "0"), stdout=log, stderr=log)
        try:
            wait_for_line(tmp_path / "killed" / PROGRESS, lines, process)
        finally:
            process.kill()
            process.wait()
    moved = tmp_path / "moved"
    (tmp_path / "killed").rename(moved)
    assert list((moved / CHECKPOINTS).glob("checkpoint-*"))
    result, whole = _train(moved), _train(tmp_path / "whole")
    assert (result.losses, result.dev_losses, result.best_epoch) == (whole.losses, whole.dev_losses, whole.best_epoch)
    assert _bytes(moved) == _bytes(tmp_path / "whole")
    assert trained(moved, jobs["killed"]) == result


@pytest.mark.slow
def test_a_training_that_was_killed_at_its_very_end_is_not_trained_further(tmp_path, tiny_model):
    from accord.optimizers.trainer.attempt import fit_model
    from accord.optimizers.trainer.checkpoints import last_checkpoint
    from accord.optimizers.trainer.distributed import Ranks
    from accord.optimizers.trainer.trainers import Attempt

    job = make_job(tmp_path, tiny_model, ROWS, CONTRARY, **OVERFIT, patience=1)
    attempt = Attempt(job, ROWS, CONTRARY, tmp_path, 4, Ranks(0, 1), 300.0)
    first, weights = fit_model(attempt), _bytes(tmp_path)
    assert last_checkpoint(tmp_path / CHECKPOINTS) is not None
    shutil.rmtree(tmp_path / ADAPTER)
    assert fit_model(attempt) == first
    assert _bytes(tmp_path) == weights


@pytest.mark.slow
def test_pairs_are_measured_too(tmp_path, tiny_model):
    pairs, dev = some_pairs(8), some_pairs(3)
    make_job(tmp_path, tiny_model, pairs, dev, patience=3, learning_rate=1e-2, epochs=3, micro_batch=2)
    result = _train(tmp_path)
    assert result.micro_batch == 2
    assert len(result.dev_losses) == 3
    assert result.dev_losses[-1] < result.dev_losses[0]
    assert result.best_epoch == 3
