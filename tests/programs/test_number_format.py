"""The number format: what is asked for, what the machine is fast in, and that it stays what it was."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from accord.data import SetupError
from accord.programs import number_format, training_format

torch = pytest.importorskip("torch")

ASK = "from accord.programs import number_format; found = number_format(); print(found.name, '|', found.reason)"


def chosen(**variables: str) -> tuple[str, str]:
    """Ask a fresh process, since torch looks at the machine once."""
    kept = {name: value for name, value in os.environ.items() if name != "ACCORD_DTYPE"}
    done = subprocess.run(
        [sys.executable, "-c", ASK], env={**kept, **variables}, capture_output=True, text=True, check=True
    )
    name, _, reason = done.stdout.strip().partition(" | ")
    return name, reason


def test_what_is_asked_for_is_taken_before_the_variable_and_that_before_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACCORD_DTYPE", "float16")
    assert number_format("float32").name == "float32"
    assert number_format().name == "float16"
    assert number_format().reason == "ACCORD_DTYPE is set"


@pytest.mark.parametrize("name", ["half", "int8", "FLOAT32"])
def test_a_format_that_nobody_knows_is_refused_where_it_was_given(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SetupError, match=f"dtype: unknown number format '{name}'"):
        number_format(name)
    monkeypatch.setenv("ACCORD_DTYPE", name)
    with pytest.raises(SetupError, match="ACCORD_DTYPE: .*bfloat16, float32, float16"):
        number_format()


def test_float16_is_not_trained_in() -> None:
    assert [training_format(name) for name in ("bfloat16", "float32", "float16")] == ["bfloat16", "float32", "float32"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="oneDNN's instructions of x86")
def test_without_instructions_for_bfloat16_it_is_float32() -> None:
    name, reason = chosen(ONEDNN_MAX_CPU_ISA="AVX2", ATEN_CPU_CAPABILITY="avx2")
    assert (name, reason) == ("float32", "this processor has no instructions for bfloat16")


@pytest.mark.skipif(not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="no bfloat16 kernels to time")
def test_what_was_timed_once_is_kept_so_that_a_run_that_resumes_does_not_change(tmp_path: Path) -> None:
    first = chosen(ACCORD_CACHE=str(tmp_path))
    file = tmp_path / "number-format.json"
    known = json.loads(file.read_text())
    assert chosen(ACCORD_CACHE=str(tmp_path)) == first
    assert json.loads(file.read_text()) == known
    file.write_text(json.dumps(dict.fromkeys(known, 0.5)))
    assert chosen(ACCORD_CACHE=str(tmp_path)) == (
        "float32",
        "this processor computes in it 2.0 times as fast as in bfloat16",
    )
    file.write_text("damaged")
    assert chosen(ACCORD_CACHE=str(tmp_path))[0] in ("bfloat16", "float32")
    assert set(json.loads(file.read_text())) == set(known)
