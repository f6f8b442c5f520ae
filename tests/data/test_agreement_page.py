"""The page on agreement tells the truth: its Python runs from top to bottom and says what the text says."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "agreement.md"


def test_the_snippets_run_and_show_what_the_page_says() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    world: dict = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), world)
    assert len(blocks) == 6
    assert world["constant"].plain.passed and world["constant"].skewed and world["constant"].verdict == "not shown"
    assert world["needed"].items is not None and world["added"].people
