"""What a compile prints in the end: tables of 80 columns with n and split, and with colour on a terminal alone."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from accord.app.compile.run import show_report, show_utilization
from accord.app.console import Console
from accord.data import Estimate
from accord.optimizers import Utilization
from worlds.report_runs import Kind, write_run

ESCAPE = "\x1b["


@pytest.mark.parametrize("distilled", [False, True])
def test_the_end_of_a_compile_fits_and_says_n_and_split(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], distilled: bool
) -> None:
    report = write_run(tmp_path, Kind(test=60, confidences=False, distilled=distilled, attack=False))
    show_report(report, Path("runs/soups"), Console())
    said = capsys.readouterr().out
    table = said.partition("Agreement with people on 60 test items:")[2].partition("* chosen on dev.")[0]
    assert "one human against the others" in table and "prompted teacher" in table
    assert max(map(len, table.splitlines())) <= 80
    assert "Items: train 40 (read 1x), dev 30 (read 1x), test 60 (read 1x)." in said
    assert ("Drafts of the guideline on 30 dev items" in said) == distilled
    assert "runs/soups/report.html" in said
    assert ESCAPE not in said


def test_utilization_over_many_k_fits_and_says_n_and_split(capsys: pytest.CaptureFixture[str]) -> None:
    curve = {2**power: power / 20 for power in range(14)}
    found = Utilization(1234, 600, 5000, 3, curve, curve, {}, Estimate(0.1, 0.0, 0.2), "any")
    show_utilization(found, "a-teacher-with-a-rather-long-name-as-they-often-are@0123456789ab", Console())
    said = capsys.readouterr().out
    assert "1,234 train items" in said
    assert max(map(len, said.splitlines())) <= 80
    assert "k=1 " in said and "k=8192" in said and ESCAPE not in said


def test_colour_is_for_terminals(tmp_path: Path) -> None:
    """The same in a pseudo-terminal: it has colour there."""
    program = (
        "from accord.app.console import Console; from rich.table import Table; from rich.text import Text;"
        "table = Table(); table.add_row(Text('x'), style='bold green'); Console().table(table)"
    )
    leader, follower = pty.openpty()
    own = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdout=follower,
        stderr=subprocess.PIPE,
        env=own | {"TERM": "xterm"},
        check=False,
    )
    os.close(follower)
    said = os.read(leader, 10_000).decode()
    os.close(leader)
    assert done.returncode == 0, done.stderr
    assert ESCAPE in said
