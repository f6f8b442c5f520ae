"""Memory that runs out: the same steps with fewer rows held at once, whoever notices it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accord.data import SetupError
from accord.optimizers.training_jobs.job import DONE, MEMORY, SAID
from accord.optimizers.training_jobs.micro_batch import Held, first_held, nothing_fits, ran_out, read_held, write_held
from accord.optimizers.training_jobs.process import run_jobs
from accord.optimizers.training_jobs.rows import Row
from worlds.tiny_model import make_tiny_model
from worlds.training_jobs import make_job, some_pairs, some_rows, trained
from worlds.warm_trainer import FRESH

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(autouse=True)
def _in_a_fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process that is killed be the one that trains."""
    monkeypatch.setenv(FRESH, "1")


def test_fewer_rows_are_those_that_divide_a_step():
    seen = [Held(12)]
    while (fewer := seen[-1].fewer) is not None:
        seen.append(fewer)
    assert [held.micro_batch for held in seen] == [12, 6, 3, 1]
    assert seen[-1].too_many == (3, 6, 12)


def test_what_fitted_last_is_what_the_next_attempt_holds(tmp_path, tiny_model):
    job = make_job(tmp_path, tiny_model, some_rows(4), batch_size=12)
    assert first_held(job, tmp_path, 1) == Held(12)
    assert first_held(job, tmp_path, 3) == Held(4)
    assert first_held(replace(job, parameters=replace(job.parameters, micro_batch=6)), tmp_path, 3) == Held(4)
    write_held(tmp_path, Held(6, (12,)))
    assert first_held(job, tmp_path, 1) == Held(6, (12,))
    assert first_held(job, tmp_path, 6) == Held(2, (12,))
    with pytest.raises(SetupError, match=r"batch_size=12 cannot be shared by 5 processes\. Give a multiple of 5"):
        first_held(job, tmp_path, 5)
    (tmp_path / MEMORY).write_text("{")
    assert read_held(tmp_path) is None


def test_errors_of_memory_are_told_from_others():
    torch = pytest.importorskip("torch")
    assert ran_out(MemoryError())
    assert ran_out(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."))
    assert ran_out(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"))
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60)
    assert ran_out(caught.value)
    with pytest.raises(RuntimeError) as caught:
        torch.dot(torch.ones(2), torch.ones(3))
    assert not ran_out(caught.value)
    assert not ran_out(ValueError("CUDA out of memory."))
    assert "one row at a time" in str(nothing_fits(Path("job")))


def _pair_trainer(base: Path, rows: list[Row], out: Path, **options: Any) -> Any:
    """Return a trainer of pairs that computes in double precision, but for a Llama's norms."""
    pytest.importorskip("trl")
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl.trainer.dpo_config import DPOConfig

    from accord.optimizers.trainer.preference_trainer import PairTrainer

    columns = [
        {
            "prompt_ids": list(row.prompt),
            "chosen_ids": list(row.completion),
            "rejected_ids": list(row.rejected),
        }
        for row in rows
    ]
    if any(row.weight != 1 for row in rows):
        columns = [{**column, "weight": row.weight} for column, row in zip(columns, rows, strict=True)]
    dataset = Dataset.from_list(columns)
    model, reference = (AutoModelForCausalLM.from_pretrained(base, dtype=torch.float64) for _ in range(2))
    return PairTrainer(
        model=model,
        ref_model=reference,
        args=DPOConfig(
            output_dir=str(out),
            bf16=False,
            use_cpu=True,
            max_length=None,
            report_to=[],
            activation_checkpointing=False,
            loss_type=["sigmoid", "sft"],
            save_strategy="no",
            remove_unused_columns=False,
            disable_tqdm=True,
            logging_steps=1,
            **options,
        ),
        train_dataset=dataset,
        eval_dataset=dataset,
        dev_tokens=sum(len(row.completion) for row in rows) / len(rows),
        processing_class=AutoTokenizer.from_pretrained(base),
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_a_step_of_pairs_is_the_same_however_it_is_cut(tiny_model, tmp_path, weighted):
    import torch

    rows = some_pairs(7)  # a step of 4 and one of 3, which 2 and 1 rows at once cut unevenly
    if weighted:
        rows = [replace(row, weight=0.25 + number // 2) for number, row in enumerate(rows)]
    found: dict[int, Any] = {}
    for size in (4, 2, 1):
        cut = {"per_device_train_batch_size": size, "gradient_accumulation_steps": 4 // size}
        trainer = _pair_trainer(
            tiny_model,
            rows,
            tmp_path,
            **cut,
            per_device_eval_batch_size=size,
            num_train_epochs=2,
            optim="sgd",
            learning_rate=0.5,
            max_grad_norm=0.0,
        )
        trainer.train()
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        measured = trainer.evaluate()["eval_loss"]
        found[size] = losses, measured, [one.detach().clone() for one in trainer.model.parameters()]
    assert len(found[4][0]) == 4
    assert len({round(loss, 3) for loss in found[4][0]}) > 1
    start = _pair_trainer(tiny_model, rows, tmp_path).model.parameters()
    assert max((one - other).abs().max().item() for one, other in zip(start, found[4][2], strict=True)) > 1e-2
    for size in (2, 1):
        assert found[size][0] == pytest.approx(found[4][0], rel=1e-5)
        assert found[size][1] == pytest.approx(found[4][1], rel=1e-5)
        for got, wanted in zip(found[size][2], found[4][2], strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-6)


LIMITED = """
import resource, sys
from pathlib import Path
import datasets, peft, torch, trl, trl.trainer.sft_trainer
import accord.optimizers.trainer.attempt, accord.optimizers.trainer.completion_trainer
from accord.optimizers.trainer.__main__ import main
torch.ones(64, 64) @ torch.ones(64, 64)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main([sys.argv[2]]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit is set from what Linux tells")
def test_a_process_without_memory_goes_on_with_fewer_rows(tmp_path):
    pytest.importorskip("trl")
    base = make_tiny_model(tmp_path / "model", context=2048)
    rows = [Row((40 + number, *[50] * 1500), (60, 61, 3)) for number in range(8)]
    job = make_job(tmp_path / "job", base, rows, batch_size=8, epochs=1)
    command = [sys.executable, "-c", LIMITED, str(1 << 30), str(tmp_path / "job" / "job.json")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    result = trained(tmp_path / "job", job)
    assert 1 <= result.micro_batch < 8
    said = [line for line in done.stderr.splitlines() if line.startswith(SAID)]
    assert said and "memory ran out with 8 rows held at once, next are 4" in said[0]
    assert not (tmp_path / "job" / MEMORY).exists()
    whole = make_job(tmp_path / "whole", base, rows, batch_size=8, epochs=1)
    run_jobs({"whole": tmp_path / "whole"}, tmp_path / "log")
    reference = trained(tmp_path / "whole", whole)
    assert reference.micro_batch == 8
    assert result.losses == pytest.approx(reference.losses, rel=1e-2)  # bfloat16 has 8 bits


@pytest.mark.slow
def test_a_killed_process_is_started_again_with_fewer_rows(tmp_path, tiny_model):
    psutil = pytest.importorskip("psutil")
    rows = some_rows(40)
    job = make_job(tmp_path / "job", tiny_model, rows, epochs=3)
    killed: list[int] = []

    def kill_once(step: int, steps: int, note: str) -> None:
        children = psutil.Process().children()
        if not killed:
            (child,) = [one for one in children if "accord.optimizers.trainer" in one.cmdline()]
            killed.append(child.pid)
            child.kill()

    run_jobs({"label": tmp_path / "job"}, tmp_path / "log", kill_once)
    assert killed
    result = trained(tmp_path / "job", job)
    assert (result.micro_batch, len(result.losses)) == (2, 30)
    log = (tmp_path / "log").read_text()
    assert f"{SAID}killed with 4 rows held at once, as when memory runs out; next are 2\n" in log


@pytest.mark.slow
def test_a_process_that_is_always_killed_is_an_error_in_the_end(tmp_path, tiny_model):
    psutil = pytest.importorskip("psutil")
    job = make_job(tmp_path / "job", tiny_model, some_rows(400), epochs=9)
    write_held(tmp_path / "job", Held(2, (4,)))

    def kill(step: int, steps: int, note: str) -> None:
        for child in psutil.Process().children():
            if "accord.optimizers.trainer" in child.cmdline():
                child.kill()

    with pytest.raises(SetupError, match=r"job: memory ran out with one row at a time\. Use a smaller base model"):
        run_jobs({"label": tmp_path / "job"}, tmp_path / "log", kill)
    assert not (tmp_path / "job" / DONE).exists()
    assert json.loads((tmp_path / "job" / MEMORY).read_text())["micro_batch"] == 1
    assert job.parameters.batch_size == 4
