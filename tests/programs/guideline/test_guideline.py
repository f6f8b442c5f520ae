"""Guidelines as markdown: what is written is read back equal, and what would not be is refused."""

import hashlib
import json
import string
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accord.data import InputError
from accord.programs import Case, Guideline

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.lists(
    st.sampled_from(
        ["## Rubric", "### Case 2", "**label:** 5", "\\**text:** x", "\\\\# a", "# Title", "plain", "", "  - a", "\r"]
    ),
    max_size=5,
).map("\n".join)
NAMES = st.text(string.ascii_lowercase + "_", min_size=1, max_size=8).filter(lambda n: n not in ("rationale", "label"))
CASES = st.builds(Case, st.dictionaries(NAMES, TEXTS, min_size=1, max_size=3), TEXTS, TEXTS)


def _has_heading(text: str) -> bool:
    heads = ("## Instruction", "## Rubric", "## Cases")
    return any(line.rstrip(" ") in heads for line in text.replace("\r", "\n").split("\n"))


PARTS = TEXTS.filter(lambda text: not _has_heading(text))
GUIDELINES = st.builds(Guideline, PARTS, PARTS, st.lists(CASES, max_size=3).map(tuple))


@given(GUIDELINES)
@example(Guideline("Read the rules in codebook.md"))
@example(Guideline("How friendly?", rubric="1: rude\n5: warm"))
@example(Guideline("", rubric="1: rude"))
@example(Guideline("Rate.", cases=(Case({"text": "## Rubric\n**label:** 9"}, "", "4"),)))
def test_markdown_round_trip(guideline):
    again = Guideline.from_markdown(guideline.to_markdown())
    assert again == guideline
    assert again.hash == guideline.hash


def test_the_sections_are_the_parts():
    guideline = Guideline.from_markdown(
        "For our annotators.\n\n## Instruction\n\nRead twice.\n\n## Rubric\n\n1 is rude.\n\n"
        "## Cases\n\n### Case 1 (easy)\n**text:** Hi\nthere\n**rationale:** Short.\n**label:** 4\n"
    )
    assert guideline.instruction == "For our annotators.\n\nRead twice."
    assert guideline.rubric == "1 is rude."
    assert guideline.cases == (Case({"text": "Hi\nthere"}, "Short.", "4"),)


def test_any_codebook_without_sections_is_one_instruction(tmp_path):
    text = "# Codebook\n\n## Rubrics of ours\n\nA *friendly* message...   \n  is friendly."
    file = tmp_path / "codebook.md"
    file.write_text(f"\ufeff{text}\n", encoding="utf-8")
    assert Guideline.from_markdown(text) == Guideline.from_markdown(file) == Guideline(text)
    assert Guideline.from_markdown(str(file)) == Guideline(text)


def test_line_ends_do_not_make_another_version(tmp_path):
    file = tmp_path / "windows.md"
    file.write_bytes(b"## Instruction\r\nRate.\r\n## Rubric\r\n1: rude\r\n5: warm\r\n")
    expected = Guideline("Rate.", "1: rude\n5: warm")
    assert Guideline.from_markdown(file) == expected
    assert Guideline.from_markdown(file.read_bytes().decode()) == expected
    assert Guideline("Rate.", "1: rude\r5: warm").hash == expected.hash
    assert Case({"text": "a\r\nb"}, "c\rd", "4\r\n") == Case({"text": "a\nb"}, "c\nd", "4")


def test_the_hash_is_of_the_content():
    guideline = Guideline("Rate.", "1: rude", (Case({"text": "Hi"}, "Short.", "4"),))
    content = ["Rate.", "1: rude", [[{"text": "Hi"}, "Short.", "4"]]]
    assert guideline.hash == hashlib.sha256(json.dumps(content).encode()).hexdigest()
    others = [
        Guideline("Rate!", guideline.rubric, guideline.cases),
        Guideline(guideline.instruction, "1: polite", guideline.cases),
        guideline.with_cases(Case({"text": "Hi"}, "Short.", "5")),
        guideline.with_cases(),
    ]
    assert len({guideline.hash, *(other.hash for other in others)}) == 5
    assert guideline.cases, "with_cases returned another guideline and left this one alone"


@pytest.mark.parametrize("heading", ["## Instruction", "## Rubric", "##  Cases  "])
@pytest.mark.parametrize("part", ["instruction", "rubric"])
def test_headings_within_a_part_are_refused(part, heading):
    with pytest.raises(InputError, match=f"the {part} holds the heading") as caught:
        replace(Guideline(), **{part: f"First.\n{heading}\nThen."})
    assert "from_markdown" in str(caught.value)
    replace(Guideline(), **{part: f"First.\n {heading}\nIndented, or {heading} within a line, is none."})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("## Rubric\na\n## Rubric\nb", "stands twice"),
        ("## Cases\n### Case 1\n**text:** x\n**label:** 4", "case 1 has no rationale"),
        ("## Cases\n### Case 1\n**text:** x\n**rationale:** y", "case 1 has no label"),
        ("## Cases\n### Case 1\n", "case 1 has no rationale"),
    ],
)
def test_damaged_sections_are_named(text, said):
    with pytest.raises(InputError, match=said):
        Guideline.from_markdown(text)


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(InputError, match="no such guideline file") as caught:
        Guideline.from_markdown(str(tmp_path / "missing.md"))
    assert "missing.md" in str(caught.value)
    latin = tmp_path / "latin.txt"
    latin.write_bytes("grün".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.txt: is not UTF-8 text \(byte 2\)"):
        Guideline.from_markdown(latin)
    with pytest.raises(InputError, match="cannot be read"):
        Guideline.from_markdown(tmp_path)
