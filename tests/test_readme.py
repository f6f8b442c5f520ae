"""The README tells the truth: its Python runs from top to bottom, its commands exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_python_story_runs_from_top_to_bottom(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    story = "\n".join(blocks("python"))
    done = subprocess.run([sys.executable, "-c", story], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Corpus(40 items" in done.stdout
    assert (tmp_path / "runs/reviews/rater/rater.json").is_file()


def test_every_command_and_option_exists() -> None:
    for line in "".join(blocks("console")).splitlines():
        words = line.removeprefix("$ ").split("#")[0].split()
        if words[0] != "accord":
            continue
        shown = subprocess.run(
            [sys.executable, "-m", "accord.app", words[1], "--help"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for option in (word for word in words if word.startswith("--")):
            assert option in shown, f"{line}: no option {option}"


def test_the_label_file_shown_is_the_one_in_examples() -> None:
    (shown,) = blocks("csv")
    assert (ROOT / "examples/reviews.csv").read_text(encoding="utf-8").startswith(shown)


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)", README):
        assert f"\n{target}:" in makefile, target
