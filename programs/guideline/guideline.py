"""Knows what a rater is told: instruction, rubric, checklist and worked cases; does not know how a model is asked."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...data import InputError
from ...data.notebook import html_text
from .checklist import Checklist
from .checklist_markdown import holds_checklist, read_checklist, write_checklist

_HEADING = re.compile(r"^## +(Instruction|Rubric|Checklist|Cases) *$", re.MULTILINE)
_CASE = re.compile(r"^### +Case\b.*$", re.MULTILINE)
_PART = re.compile(r"^\*\*([^*\n]+):\*\* ?", re.MULTILINE)
_RATIONALE, _LABEL = "rationale", "label"
_FILE = re.compile(r"\.(md|markdown|txt)$")


@dataclass(frozen=True)
class Case:
    """One worked example: an item's fields, the reasoning about it and the label it gets (as text)."""

    fields: Mapping[str, str]
    rationale: str
    label: str

    def __post_init__(self) -> None:
        """Drop outer white space, which the prompt would drop anyway, and write line ends one way."""
        object.__setattr__(self, "fields", {name: _tidy(text) for name, text in self.fields.items()})
        object.__setattr__(self, "rationale", _tidy(self.rationale))
        object.__setattr__(self, "label", _tidy(self.label))

    def to_markdown(self, number: int) -> str:
        """Write the case as a markdown section; `Guideline.from_markdown` reads it back without loss."""
        parts = [*self.fields.items(), (_RATIONALE, self.rationale), (_LABEL, self.label)]
        return f"### Case {number}\n" + "\n".join(f"**{name}:** {_escape(text)}" for name, text in parts)


@dataclass(frozen=True)
class Guideline:
    """What a rater is told, in parts that are written and replaced independently.

    Attributes:
        instruction: How to go about rating, as markdown.
        rubric: What each level means, as markdown.
        cases: Worked examples. The adapter shows them as earlier turns of the conversation.
        checklist: Yes/no questions that a rater answers instead of writing a label; None for none. Rationales of
            cases then have to be answers, as a rater with the checklist writes them.

    A guideline is identified by its content: two guidelines with equal `hash` are the same version.
    """

    instruction: str = "Read the item and rate it."
    rubric: str = ""
    cases: tuple[Case, ...] = field(default=())
    checklist: Checklist | None = None

    def __post_init__(self) -> None:
        """Drop outer white space, and refuse parts that `from_markdown` would read back as other parts."""
        for name in ("instruction", "rubric"):
            object.__setattr__(self, name, _tidy(getattr(self, name)))
            found = _headings(getattr(self, name))
            if found:
                cure = "Use Guideline.from_markdown for a text with sections."
                raise InputError(f"the {name} holds the heading {found[0].group(0)!r}", place="Guideline", cure=cure)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the parts as they are written, and how many cases there are."""
        told = replace(self, cases=()).to_markdown()
        cases = f"{len(self.cases)} worked case{'s' * (len(self.cases) != 1)}"
        return html_text(f"Guideline {self.hash[:12]}, {cases}", told)

    @classmethod
    def from_markdown(cls, source: str | Path) -> "Guideline":
        """Read a guideline from markdown text, or from a file.

        Sections headed ``## Instruction``, ``## Rubric``, ``## Checklist`` and ``## Cases`` are the parts. A text
        without any of these headings is one instruction as it stands (but for outer white space and the kind of line
        ends), so that any codebook can be used as it is. For the same reason ``## Checklist`` is an author's own
        heading unless a question with its mark (``- [yes] ...?``, ``- [no] ...?``) stands under it.

        Args:
            source: The markdown itself, or the path of a file (a `Path`, or one line that ends in ``.md``/``.txt``).

        Raises:
            InputError: If the file is missing or not UTF-8, a section stands twice, the checklist cannot be read, or a
                case lacks a part.
        """
        return parse_guideline(*_text_of(source))

    def to_markdown(self) -> str:
        """Write all parts as markdown; `from_markdown` gives an equal guideline back."""
        bare = not self.rubric and not self.cases and self.checklist is None
        if bare and not _names_file(self.instruction):
            return self.instruction
        parts = [f"## Instruction\n\n{self.instruction}"]
        if self.rubric:
            parts.append(f"## Rubric\n\n{self.rubric}")
        if self.checklist is not None:
            parts.append(f"## Checklist\n\n{write_checklist(self.checklist)}")
        if self.cases:
            shown = "\n\n".join(case.to_markdown(number) for number, case in enumerate(self.cases, start=1))
            parts.append(f"## Cases\n\n{shown}")
        return "\n\n".join(parts)

    @property
    def hash(self) -> str:
        """SHA-256 of the content, in hexadecimal: the version of this guideline."""
        content: list[Any] = [self.instruction, self.rubric]
        content.append([[dict(c.fields), c.rationale, c.label] for c in self.cases])
        if self.checklist is not None:
            content.append(write_checklist(self.checklist))
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    def with_cases(self, *cases: Case) -> "Guideline":
        """Return this guideline with other worked cases."""
        return replace(self, cases=tuple(cases))

    def with_checklist(self, checklist: Checklist | None) -> "Guideline":
        """Return this guideline with another checklist, or with none."""
        return replace(self, checklist=checklist)


def parse_guideline(text: str, place: str = "guideline") -> Guideline:
    """Read a guideline from its markdown, which is never taken for the path of a file.

    Raises:
        InputError: If a section stands twice, the checklist cannot be read, or a case lacks a part.
    """
    text = _tidy(text)
    headings = _headings(text)
    if not headings:
        return Guideline(instruction=text)
    parts: dict[str, str] = {}
    for heading, body in _sections(headings, text):
        name = heading.group(1).lower()
        if name in parts:
            raise InputError(f"the section '## {name.title()}' stands twice", place=place, cure="Merge the two.")
        parts[name] = body
    preamble = text[: headings[0].start()].strip()
    instruction = "\n\n".join(part for part in (preamble, parts.get("instruction", "")) if part)
    checklist = read_checklist(parts["checklist"], place) if "checklist" in parts else None
    return Guideline(instruction, parts.get("rubric", ""), _cases(parts.get("cases", ""), place), checklist)


def _headings(text: str) -> list[re.Match[str]]:
    """Return the headings that begin a part; one over a checklist without a marked question is part of the text."""
    marks = list(_HEADING.finditer(text))
    bodies = [body for _, body in _sections(marks, text)]
    return [
        mark for mark, body in zip(marks, bodies, strict=True) if mark.group(1) != "Checklist" or holds_checklist(body)
    ]


def _sections(marks: Sequence[re.Match[str]], text: str) -> list[tuple[re.Match[str], str]]:
    """Return each mark with the text between it and the next one."""
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return [(mark, text[mark.end() : end].strip()) for mark, end in zip(marks, ends, strict=False)]


def _tidy(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _names_file(source: str) -> bool:
    return "\n" not in source and _FILE.search(source.strip()) is not None


def _text_of(source: str | Path) -> tuple[str, str]:
    if isinstance(source, str) and not _names_file(source):
        return source, "guideline"
    path = Path(source)
    try:
        return path.read_text(encoding="utf-8-sig"), str(path)
    except FileNotFoundError:
        raise InputError("no such guideline file", place=str(path), cure="Check the path.") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", place=str(path), cure="Name a readable file.") from None
    except UnicodeDecodeError as error:
        cure = "Save the file as UTF-8."
        raise InputError(f"is not UTF-8 text (byte {error.start})", place=str(path), cure=cure) from None


def _cases(text: str, place: str) -> tuple[Case, ...]:
    cases: list[Case] = []
    for number, (_, body) in enumerate(_sections(list(_CASE.finditer(text)), text), start=1):
        marks = list(_PART.finditer(body))
        parts = {mark.group(1).strip(): _unescape(said) for mark, said in _sections(marks, body)}
        missing = [name for name in (_RATIONALE, _LABEL) if name not in parts]
        if missing:
            cure = f"Add a line '**{missing[0]}:** ...'."
            raise InputError(f"case {number} has no {missing[0]}", place=place, cure=cure)
        rationale, label = parts.pop(_RATIONALE), parts.pop(_LABEL)
        cases.append(Case(parts, rationale, label))
    return tuple(cases)


def _escape(text: str) -> str:
    """Put a backslash before what would start a new part or section at the beginning of a line."""
    return re.sub(r"^(?=\\*(?:\*\*|#))", r"\\", text, flags=re.MULTILINE)


def _unescape(text: str) -> str:
    return re.sub(r"^\\(?=\\*(?:\*\*|#))", "", text, flags=re.MULTILINE)
