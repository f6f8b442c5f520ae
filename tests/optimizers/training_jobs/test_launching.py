"""Launchers: the command that trains, the configurations that are shipped, and two processes that train as one."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accord.data import SetupError
from accord.optimizers.training_jobs.job import ADAPTER, CHECKPOINTS, DONE, MEMORY, PROGRESS, SAID, WEIGHTS
from accord.optimizers.training_jobs.launcher import Launcher
from accord.optimizers.training_jobs.process import run_jobs
from accord.optimizers.training_jobs.rows import Row
from worlds.training_jobs import make_job, some_pairs, some_rows, trained

pytestmark = pytest.mark.filterwarnings("default")

SHIPPED = ("cpu", "deepspeed", "fsdp", "gpus")


def test_the_command_is_what_a_person_would_type():
    jobs = ["one/job.json", Path("two/job.json")]
    program = ["-m", "accord.optimizers.trainer", "one/job.json", "two/job.json"]
    assert Launcher().command(jobs) == [sys.executable, *program]
    launch = [sys.executable, "-m", "accelerate.commands.launch"]
    assert Launcher("accelerate").command(jobs) == [*launch, *program]
    command = Launcher("accelerate", "fsdp").command(jobs)
    assert command[:4] == [*launch, "--config_file"]
    assert command[4].endswith("fsdp.yaml") and Path(command[4]).is_file()
    assert command[5:] == program


def test_a_configuration_of_ones_own_is_taken(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("num_processes: 2\n")
    assert str(own) in Launcher("accelerate", own).command(["job.json"])
    with pytest.raises(SetupError, match=r"missing\.yaml: there is no such .*one of cpu, deepspeed, fsdp, gpus"):
        Launcher("accelerate", tmp_path / "missing.yaml")
    with pytest.raises(SetupError, match="configuration of accelerate without it"):
        Launcher(config="fsdp")
    wrong: Any = "slurm"
    with pytest.raises(SetupError, match=r"unknown launcher='slurm'\. Give one of process, accelerate"):
        Launcher(wrong)


@pytest.mark.parametrize("name", SHIPPED)
def test_accelerate_reads_the_configurations_that_are_shipped(name):
    pytest.importorskip("accelerate")
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    command = Launcher("accelerate", name).command(["job.json"])
    config: Any = load_config_from_file(command[4])
    kinds = {"cpu": "MULTI_GPU", "gpus": "MULTI_GPU", "fsdp": "FSDP", "deepspeed": "DEEPSPEED"}
    assert config.distributed_type.value == kinds[name]
    assert (config.num_processes, config.use_cpu) == (2, name == "cpu")
    known = vars(launch_command_parser().parse_args(command[3:]))
    assert known["training_script"] == "accord.optimizers.trainer" and known["module"]
    nested = {**(config.fsdp_config or {}), **(config.deepspeed_config or {})}
    assert set(nested) <= set(known)  # a setting that accelerate no longer knows would be passed over in silence


def _train_by_two(folders: dict[str, Path], log: Path) -> str:
    pytest.importorskip("accelerate")
    run_jobs(folders, log, launcher=Launcher("accelerate", "cpu"))
    return log.read_text()


@pytest.mark.slow
def test_two_processes_train_what_one_does(tmp_path, tiny_model):
    """Several jobs in one launch: replies with dev rows, pairs, weighted ones, and all weights."""
    rows, dev = some_rows(16), some_rows(4, first=80)
    weighted = [replace(pair, weight=max(0.5, number - 3)) for number, pair in enumerate(some_pairs(8))]
    kinds: dict[str, dict[str, Any]] = {
        "rows": {"rows": rows, "dev_rows": dev, "patience": 2},
        "pairs": {"rows": some_pairs(8)},
        "weighted": {"rows": weighted},
        "full": {"rows": rows, "method": "full"},
    }
    jobs = {}
    for count in ("one", "two"):
        for kind, options in kinds.items():
            jobs[count, kind] = make_job(tmp_path / count / kind, tiny_model, learning_rate=1e-2, epochs=3, **options)
    run_jobs({kind: tmp_path / "one" / kind for kind in kinds}, tmp_path / "one.log")
    _train_by_two({kind: tmp_path / "two" / kind for kind in kinds}, tmp_path / "two.log")
    for kind in kinds:
        folder = tmp_path / "two" / kind
        one, two = (trained(tmp_path / count / kind, jobs[count, kind]) for count in ("one", "two"))
        assert (one.micro_batch, two.micro_batch) == (4, 2)
        assert len(two.losses) == len(one.losses)
        assert two.losses == pytest.approx(one.losses, rel=1e-2)  # bfloat16 has 8 bits
        assert two.dev_losses == pytest.approx(one.dev_losses, rel=1e-2)
        assert two.best_epoch == one.best_epoch
        assert sorted(path.name for path in folder.iterdir()) == sorted(
            path.name for path in (tmp_path / "one" / kind).iterdir()
        )
        output = WEIGHTS if kind == "full" else ADAPTER
        names = sorted(path.name for path in (folder / output).iterdir())
        assert names == sorted(path.name for path in (tmp_path / "one" / kind / output).iterdir())
        assert not (folder / CHECKPOINTS).exists()
        lines = (folder / PROGRESS).read_text().splitlines()
        assert len(lines) == len(two.losses) + len(two.dev_losses)  # the first process alone writes


@pytest.mark.slow
def test_an_error_of_processes_that_train_together_is_told_in_one_line(tmp_path, tiny_model):
    make_job(tmp_path / "job", tiny_model, [Row((1, 2), (3, 90_000))] * 4)
    with pytest.raises(SetupError, match="training ended with 1: .*a row has token 90000") as caught:
        _train_by_two({"job": tmp_path / "job"}, tmp_path / "log")
    assert "ChildFailed" not in str(caught.value)
    uneven = make_job(tmp_path / "uneven", tiny_model, some_rows(6), batch_size=3)
    assert uneven.parameters.batch_size == 3
    with pytest.raises(SetupError, match=r"batch_size=3 cannot be shared by 2 processes"):
        _train_by_two({"job": tmp_path / "uneven"}, tmp_path / "log")


@pytest.mark.slow
def test_processes_of_which_one_is_killed_begin_anew_with_fewer_rows(tmp_path, tiny_model):
    psutil = pytest.importorskip("psutil")
    job = make_job(tmp_path / "job", tiny_model, some_rows(40), epochs=3)
    killed: list[int] = []

    def kill_one(step: int, steps: int, note: str) -> None:
        if not killed:
            ranks = [
                one
                for one in psutil.Process().children(recursive=True)
                if "accord.optimizers.trainer" in one.cmdline() and "accelerate.commands.launch" not in one.cmdline()
            ]
            killed.append(ranks[-1].pid)
            ranks[-1].kill()

    run_jobs({"label": tmp_path / "job"}, tmp_path / "log", kill_one, Launcher("accelerate", "cpu"))
    assert killed
    result = trained(tmp_path / "job", job)
    assert (result.micro_batch, len(result.losses)) == (1, 30)
    assert (
        f"{SAID}killed with 2 rows held at once, as when memory runs out; next are 1\n"
        in (tmp_path / "log").read_text()
    )
    assert (tmp_path / "job" / DONE).exists() and not (tmp_path / "job" / MEMORY).exists()
    assert not [one for one in psutil.Process().children(recursive=True) if "accord" in " ".join(one.cmdline())]
    assert replace(job, base="/elsewhere").hash == result.job
