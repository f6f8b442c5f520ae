"""The pages on statistics tell the truth: their Python runs from top to bottom and says what the text says."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAGES = Path(__file__).parents[2] / "docs"


def _agreement(world: dict[str, Any]) -> None:
    assert world["constant"].plain.passed and world["constant"].skewed and world["constant"].verdict == "not shown"
    assert world["needed"].items is not None and world["added"].people
    assert 0 < world["reliable"].single.value < world["reliable"].gold.value < 1


def _audits(world: dict[str, Any]) -> None:
    assert world["steady"].shown and world["longer"].shown and world["asked"].shown
    assert world["worded"].shown and "no examples" in world["worded"].verdict
    assert "reworded" not in world["worded"].verdict and world["parts"].shown is False
    assert world["steady"].measures["items that flip"].value > world["steady"].measures["flip rate"].value


def _pairwise(world: dict[str, Any]) -> None:
    assert (world["told"].label, world["told"].given, world["told"].swapped) == ("tie", "A", "A")
    assert world["ratings"].flipped[:4] == [False, False, True, True] and world["found"].shown
    assert list(world["league"].strengths) == ["large", "medium", "small"]
    assert "rests on the prior" in world["unbeaten"].note


def _confidence(world: dict[str, Any]) -> None:
    assert world["claims"].shown and world["claims"].verdict.startswith("over-confident")
    assert world["sorts"].shown and world["fitted"].chosen is not None and world["kept"].shown
    assert world["unreachable"].chosen is None and world["unreachable"].note
    assert world["suspected"].finding.shown and int(world["first"].id) % 10 == 0
    assert world["average"].shown and world["told"].shown


SAYS: dict[str, Callable[[dict[str, Any]], None]] = {
    "agreement.md": _agreement,
    "audits.md": _audits,
    "confidence.md": _confidence,
    "pairwise.md": _pairwise,
}
"""What the names that a page's snippets leave behind must show, by page."""


@pytest.mark.parametrize("page", SAYS)
def test_the_snippets_run_and_show_what_the_page_says(page: str) -> None:
    path = PAGES / page
    blocks = re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    world: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(path), "exec"), world)
    assert blocks
    SAYS[page](world)
