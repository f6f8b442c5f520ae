"""What keeps the contract tests useful: each says which of Accord's files breaks where it fails."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = [
    pytest.param(node, id=f"{file.stem}.{node.name}")
    for file in sorted(Path(__file__).parent.glob("test_*.py"))
    for node in ast.parse(file.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    and node.name.startswith("test_")
    and file != Path(__file__)
]


@pytest.mark.parametrize("test", TESTS)
def test_a_contract_names_the_files_that_break_with_it(test: ast.FunctionDef) -> None:
    said = " ".join((ast.get_docstring(test) or "").split())
    found = re.match(r"Breaks ([\w/., ]+?\.py): \S", said)
    assert found is not None, f"{test.name} must begin with 'Breaks <files>: <why>'"
    for name in found[1].split(", "):
        assert (ROOT / name).is_file(), f"{test.name} names {name}, which is not there any more"
