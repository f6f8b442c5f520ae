"""The training process: the loss it computes, what it leaves on disk, and what a kill or a second run does."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from accord.data import InputError, SetupError
from accord.optimizers.finetuning.workspace import Workspace
from accord.optimizers.training_jobs.job import (
    ADAPTER,
    CHECKPOINTS,
    DONE,
    JOB,
    PROGRESS,
    ROWS,
    Parameters,
    TrainingJob,
    read_job,
    read_result,
    rows_hash,
    write_job,
)
from accord.optimizers.training_jobs.process import run_jobs
from accord.optimizers.training_jobs.rows import IGNORED, Row
from accord.programs import weights_hash
from worlds.training_jobs import training_command, wait_for_line

PARAMETERS = Parameters(lora_rank=2, lora_alpha=4, epochs=2, learning_rate=1e-3, batch_size=2, seed=0)
START = tuple(range(20, 40))
ROWS_ = [Row((*START, 40 + n, 41 + n * n % 7), (50 + n, 60, 3)[n % 2 :]) for n in range(6)]


def _job(base: Path, rows=tuple(ROWS_), **changes) -> TrainingJob:
    parameters = replace(PARAMETERS, **changes)
    return TrainingJob(str(base), weights_hash(base), rows_hash(rows), parameters)


def _bytes(folder: Path) -> bytes:
    return (folder / ADAPTER / "adapter_model.safetensors").read_bytes()


def _train(folder: Path):
    pytest.importorskip("trl")
    from accord.optimizers.trainer.__main__ import train

    return train(folder / JOB)


def test_a_job_is_read_back_and_known_by_its_content(tmp_path, tiny_model, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    job = _job(tiny_model)
    write_job(tmp_path / "job", job, ROWS_)
    assert read_job(tmp_path / "job" / JOB) == (job, ROWS_)
    assert replace(job, base="/elsewhere").hash == job.hash
    assert _job(tiny_model, seed=1).hash != job.hash
    assert replace(job, rows_hash=rows_hash(ROWS_[:3])).hash != job.hash
    written = (tmp_path / "job" / JOB).read_text()
    assert set(json.loads(written)) == {"base", "base_hash", "rows_hash", "parameters", "version"}
    assert "secret" not in written


def test_a_damaged_job_is_refused(tmp_path, tiny_model):
    with pytest.raises(InputError, match=r"job\.json is missing"):
        read_job(tmp_path / JOB)
    write_job(tmp_path, _job(tiny_model), ROWS_)
    (tmp_path / ROWS).write_text("")
    with pytest.raises(InputError, match="other rows"):
        read_job(tmp_path / JOB)
    (tmp_path / JOB).write_text('{"base": "x"}')
    with pytest.raises(InputError, match="not a training job"):
        read_job(tmp_path / JOB)


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"lora_rank": 1.5}, {"batch_size": -1}, {"learning_rate": 0.0}, {"learning_rate": float("nan")}],
)
def test_parameters_that_cannot_be_trained_with_are_refused(wrong):
    with pytest.raises(SetupError, match=next(iter(wrong))):
        replace(PARAMETERS, **wrong)


def test_a_failing_process_is_quoted_with_its_log(tmp_path, tiny_model, capfd):
    write_job(tmp_path / "one", _job(tiny_model), ROWS_)
    (tmp_path / "one" / ROWS).write_text("")
    log = tmp_path / "training.log"
    log.write_text("of an earlier run\n")
    with pytest.raises(SetupError, match=r"training ended with 2: .*other rows.*training\.log") as caught:
        run_jobs({"label": tmp_path / "one"}, log)
    assert "earlier run" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_temporary_workspace_goes_with_the_last_reference_unless_it_is_kept(tmp_path):
    first, second = Workspace(None), Workspace(None)
    path, kept = first.path, second.path
    second.keep()
    assert path.is_dir()
    del first, second
    assert not path.exists()
    kept.rmdir()
    named = Workspace(tmp_path)
    del named
    assert tmp_path.is_dir()


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("shared", [20, 0])
def test_the_loss_and_its_gradient_are_those_of_the_plain_model(tmp_path, tiny_model, shared):
    pytest.importorskip("trl")
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl.trainer.sft_config import SFTConfig

    from accord.optimizers.trainer.completion_trainer import CompletionTrainer

    trainer = CompletionTrainer(
        model=AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32),
        args=SFTConfig(
            output_dir=str(tmp_path),
            bf16=False,
            use_cpu=True,
            max_length=None,
            report_to=[],
            gradient_checkpointing=False,
            dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=Dataset.from_list([{"input_ids": row.input_ids, "labels": row.labels} for row in ROWS_]),
        processing_class=AutoTokenizer.from_pretrained(tiny_model),
        peft_config=LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False),
        prefix=shared,
    )
    model = trainer.model
    assert model is not None
    rows = [{"input_ids": row.input_ids, "labels": row.labels} for row in ROWS_]
    batch = trainer.data_collator(rows)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    loss = trainer.compute_loss(model, dict(batch))
    got = torch.autograd.grad(loss, weights)
    logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1]
    expected = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), batch["labels"][:, 1:].flatten(), ignore_index=IGNORED
    )
    torch.testing.assert_close(loss, expected)
    for one, other in zip(got, torch.autograd.grad(expected, weights), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


@pytest.mark.filterwarnings("default")
def test_the_same_job_gives_the_same_bytes_and_is_not_trained_twice(tmp_path, tiny_model):
    job = _job(tiny_model)
    first, second, other = tmp_path / "first", tmp_path / "second", tmp_path / "other"
    for folder in (first, second):
        write_job(folder, job, ROWS_)
    write_job(other, _job(tiny_model, seed=1), ROWS_)
    result = _train(first)
    assert result.job == job.hash
    assert result.tokens == 2 * (6 * 22 + 3 * 3 + 3 * 2)  # 2 epochs, 6 prompts of 22, completions of 3 and 2
    lines = [json.loads(line) for line in (first / PROGRESS).read_text().splitlines()]
    assert [(line["step"], line["steps"]) for line in lines] == [(step, 6) for step in range(1, 7)]
    assert tuple(line["loss"] for line in lines) == result.losses
    assert not (first / CHECKPOINTS).exists()
    assert read_result(first, job) == result

    assert _train(second).losses == result.losses
    assert _bytes(second) == _bytes(first)
    assert _train(other).losses != result.losses

    before = (first / DONE).stat().st_mtime_ns
    assert _train(first) == result
    assert (first / DONE).stat().st_mtime_ns == before

    assert read_result(first, _job(tiny_model, epochs=3)) is None
    (first / ADAPTER / "adapter_model.safetensors").write_bytes(b"damaged")
    assert read_result(first, job) is None
    assert _train(first).adapter == result.adapter


@pytest.mark.filterwarnings("default")
def test_another_base_model_is_refused(tmp_path, tiny_model):
    write_job(tmp_path, replace(_job(tiny_model), base_hash="0" * 64), ROWS_)
    with pytest.raises(SetupError, match="base model is not the one"):
        _train(tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("options", "at"), [((), 20), (("--save-seconds", "0"), 17)], ids=["epochs", "steps"])
def test_a_killed_job_goes_on_from_its_checkpoint_to_the_same_bytes(tmp_path, tiny_model, options, at):
    rows = ROWS_ * 5
    job = _job(tiny_model, rows, epochs=8)  # 15 steps an epoch
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for folder in (killed, whole):
        write_job(folder, job, rows)
    with (tmp_path / "first.log").open("wb") as log:
        process = subprocess.Popen(training_command(killed, *options), stdout=log, stderr=log)
        try:
            wait_for_line(killed / PROGRESS, at, process)
        finally:
            process.kill()
            process.wait()
    assert not (killed / DONE).exists()
    written = [json.loads(line) for line in (killed / PROGRESS).read_bytes().split(b"\n")[:-1]]
    kept = [json.loads(path.read_text()) for path in (killed / CHECKPOINTS).glob("checkpoint-*/trainer_state.json")]
    steps = max(state["global_step"] for state in kept)
    assert 0 < steps <= len(written)
    assert bool(steps % 15) == bool(options)  # in the middle of the second epoch, or at the end of the first
    broken = killed / CHECKPOINTS / "checkpoint-999"
    broken.mkdir()
    seen: list[tuple[int, int, str]] = []
    run_jobs({"label": killed}, tmp_path / "log", lambda *at: seen.append(at))
    result = read_result(killed, job)
    assert result is not None
    assert len(result.losses) == 120
    assert seen[-1][:2] == (120, 120)
    lines = [json.loads(line) for line in (killed / PROGRESS).read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 121))
    assert lines[:steps] == written[:steps]  # to the digit of their speed: these steps were not trained again
    assert all(line["tokens_per_second"] > 0 for line in lines)
    assert result.losses == _train(whole).losses
    assert _bytes(killed) == _bytes(whole)


@pytest.mark.slow
def test_the_process_ends_with_the_one_that_started_it(tmp_path, tiny_model):
    rows = ROWS_ * 50
    write_job(tmp_path / "job", _job(tiny_model, rows, epochs=500), rows)
    code = (
        "import sys; from pathlib import Path; from accord.optimizers.training_jobs.process import run_jobs;"
        "run_jobs({'label': Path(sys.argv[1])}, Path(sys.argv[1]) / 'log')"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "job")])
    try:
        wait_for_line(tmp_path / "job" / PROGRESS, 1, process)
    finally:
        process.kill()
        process.wait()
    with (tmp_path / "job" / ".lock").open("w") as lock:  # held by the training process for as long as it lives
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)
    assert not (tmp_path / "job" / DONE).exists()
