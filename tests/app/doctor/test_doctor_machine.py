"""`accord doctor` on processors, memory, threads, GPUs and the cache, as they are told on this machine and others."""

import json
import os
import sys
from pathlib import Path

import pytest

from accord.app.doctor import pytorch as doctor_torch
from accord.app.doctor.cores import processor
from accord.app.doctor.memory import read_memory
from accord.data import DEMO_LABELS, EMBEDDED_MODEL
from accord.programs import embedded_model
from worlds.doctor_world import clear_environment, doctor, lines

GIB = 1024**3


@pytest.fixture(autouse=True)
def _cleared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clear_environment(monkeypatch, tmp_path / "cache")


def test_variables_that_hold_the_machine_back_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORD_DTYPE", "int8")
    monkeypatch.setenv("ACCORD_VLLM_PYTHON", "/no/such/python")
    found = lines()
    assert (found["number format"]["state"], found["number format"]["cure"]) == ("wrong", "unset ACCORD_DTYPE")
    assert "'int8'" in found["number format"]["found"]
    assert found["vLLM"]["state"] == "wrong" and "/no/such/python" in found["vLLM"]["found"]


def test_a_set_number_of_threads_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("accord.programs.allowed_cores", lambda: 4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    line = lines()["threads"]
    assert (line["state"], line["cure"]) == ("low", "unset OMP_NUM_THREADS")
    assert "torch gets 1 thread: OMP_NUM_THREADS is '1'" in line["found"]
    assert line["figures"] == {"cores": os.cpu_count(), "allowed": 4, "OMP_NUM_THREADS": "1", "now": 1}


def test_gpus_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    class Device:
        name, total_memory = "NVIDIA H200", 150_754_820_096

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: Device)
    line = doctor_torch.gpu()
    assert (line.state, line.found) == ("ok", "NVIDIA H200 (151 GB), NVIDIA H200 (151 GB)")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            "model name\t: Quick 9\nflags\t\t: fpu avx2 avx512f\n",
            "Quick 9, N; has avx2, avx512f, not avx512_bf16, amx_bf16",
        ),
        ("flags\t\t: fpu\n", "N; has nothing that helps, not avx2, avx512f, avx512_bf16, amx_bf16"),
        ("Features\t: fp asimd bf16 i8mm sve\n", "N; has asimd, sve, i8mm, bf16"),
        ("\x00\n", "N; its instruction sets are not told"),
        (None, "N; its instruction sets are not told"),
    ],
)
def test_processors_are_read_as_linux_tells_them(tmp_path: Path, told: str | None, words: str) -> None:
    if told is not None:
        (tmp_path / "cpuinfo").write_text(told, encoding="utf-8")
    cores = os.cpu_count() or 1
    said = processor(tmp_path / "cpuinfo").found
    assert said.endswith(words.replace("N;", f"{cores} core{'s' if cores > 1 else ''};"))


def proc(folder: Path, groups: str) -> Path:
    (folder / "self").mkdir(parents=True)
    (folder / "meminfo").write_text(
        "MemTotal:  16777216 kB\nMemFree: 1 kB\nMemAvailable:  8388608 kB\nHugePages_Total: 0\n"
    )
    (folder / "self/cgroup").write_text(groups)
    return folder


def test_memory_is_that_of_the_machine_where_no_cgroup_holds_it(tmp_path: Path) -> None:
    found = read_memory(proc(tmp_path / "proc", "0::/job\n"), tmp_path / "cgroup")
    assert (found.total, found.free, found.limited) == (16 * GIB, 8 * GIB, False)


def test_memory_is_that_of_the_tightest_cgroup_v2(tmp_path: Path) -> None:
    job = tmp_path / "cgroup/batch/job"
    job.mkdir(parents=True)
    for group, limit, used, cached in ((job, "max", 1, 0), (job.parent, str(4 * GIB), 3 * GIB, 2 * GIB)):
        (group / "memory.max").write_text(f"{limit}\n")
        (group / "memory.current").write_text(f"{used}\n")
        (group / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")
    found = read_memory(proc(tmp_path / "proc", "0::/batch/job\n"), tmp_path / "cgroup")
    assert (found.total, found.free, found.limited) == (4 * GIB, 3 * GIB, True)  # 4 - (3 - 2 that are given back)


def test_memory_is_that_of_a_cgroup_v1(tmp_path: Path) -> None:
    root = tmp_path / "cgroup/memory"
    root.mkdir(parents=True)
    (root / "memory.limit_in_bytes").write_text(f"{2 * GIB}\n")
    (root / "memory.usage_in_bytes").write_text(f"{GIB}\n")
    (root / "memory.stat").write_text("total_inactive_file 0\n")
    told = proc(tmp_path / "proc", "5:cpu,cpuacct:/x\n4:memory:/docker/0123\nnonsense\n")  # the path is the host's
    found = read_memory(told, tmp_path / "cgroup")
    assert (found.total, found.free, found.limited) == (2 * GIB, GIB, True)


def test_memory_is_told_where_the_kernel_tells_nothing(tmp_path: Path) -> None:
    assert read_memory(tmp_path / "none", tmp_path / "none").total > 0


def test_a_cache_that_cannot_be_written_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")  # permissions would not keep the owner of a container out
    monkeypatch.setenv("ACCORD_CACHE", str(tmp_path / "file" / "cache"))
    done = doctor()
    assert done.exit_code == 0
    assert "mend it: export ACCORD_CACHE=/another/folder" in done.stdout
    line = lines()["folder"]
    assert line["state"] == "wrong"
    assert line["found"].endswith(f"cannot be written: {tmp_path / 'file'} is no folder")
    assert "folder" in json.loads(doctor("--json").stdout)["lacks"]["demo"]


def test_what_the_demo_would_fetch_is_named_and_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = lines()
    assert found["embedded model"]["state"] == found["demo's labels"]["state"] == "-"
    assert "93 MB" in found["embedded model"]["found"] and "2 MB" in found["demo's labels"]["found"]
    assert not list((tmp_path / "cache").glob("assets/*"))
    monkeypatch.setitem(sys.modules, "pip", None)
    assert lines()["embedded model"]["cure"] == "python -m ensurepip"


def test_what_is_in_the_cache_is_looked_at(tmp_path: Path) -> None:
    folder = tmp_path / "cache/models" / f"SmolLM2-135M-Instruct-{EMBEDDED_MODEL.sha256[:12]}"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    assets = tmp_path / "cache/assets"
    assets.mkdir()
    (assets / DEMO_LABELS.file).write_bytes(b"not the labels")
    found = lines()
    assert embedded_model() == folder  # the doctor and the demo look at the same place
    assert found["embedded model"]["state"] == "ok"
    assert found["demo's labels"]["state"] == "wrong" and "checksum" in found["demo's labels"]["found"]
    assert found["demo's labels"]["cure"] == f"rm -r {assets}"
    assert found["folder"]["figures"]["bytes"] >= 16
