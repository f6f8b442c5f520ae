"""Knows how a writer model is asked for a better guideline; does not know what notes it is shown or who follows it.

The two stages of Zhang et al., "Through the Judge's Eyes" (arXiv 2510.25860, section 3 and appendix D): from whole
traces an instruction, from critiques grouped by label a rubric, each leaving the other part as it is.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import Template

import numpy as np

from ...data import Draw, Label, Scale
from ...programs import Completion, Guideline, Part, Prompt, Turn, rules_of
from ..budget import DrawMany, Want
from ..drafts import Checks, DraftRefusal, LeftOut, RuleRecord, fitted, question_refusals
from ..embedders import vectorizer_of
from .writer_reply import Reading, read_reply

_PROMPTS = Path(__file__).with_name("prompts")
_NEAREST = 3
"""Notes that a rule without citations is traced to."""

_ITEM_ID = "guideline"
"""What draws for the whole guideline belong to in the journal."""

_BULLET = re.compile(r"^(?:[-*•]|\(?\d{1,3}[.)])\s+")

_MARKS = {
    True: "Begin each with [yes] where a yes speaks for a higher label, and with [no] where a yes speaks for a lower "
    "one.",
    False: "Begin each with [yes] where a yes speaks for its label, and with [no] where a no does.",
}
"""What the marks of a question mean where the labels have an order, and where they have none."""

_COMPLAINTS = {
    "truncated": "it was cut off; write less",
    "no_tags": "there is no guideline between <guideline> and </guideline>",
    "unreadable": "its sections cannot be told apart; write ## Instruction and ## Rubric once each",
    "empty": "the part that was asked for is empty",
    "no_checklist": "its lines cannot be read; write ## Checklist, and '- [yes] Question? [3]' once for each question",
    "no_question": "there is no question; write ## Checklist, and '- [yes] Question? [3]' for each question",
}


@dataclass(frozen=True)
class Subject:
    """What the guideline is about, in the words that writers are told.

    Attributes:
        dimension: The quality that is rated, e.g. ``engagement``.
        material: What is rated, e.g. ``stories``.
        others: Other qualities of the same material that the guideline must not speak of.
    """

    dimension: str = "what the guideline asks for"
    material: str = "items"
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
    """Something that a writer is shown, with what it comes from.

    Attributes:
        level: The label of the items it was said of.
        text: What was said.
        sources: The ids of those items.
    """

    level: Label
    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Attribution:
    """What a rule rests on.

    Attributes:
        sources: Ids of the items behind it, sorted.
        cited: Whether the writer named them; otherwise they are those of the notes whose words are nearest.
    """

    sources: tuple[str, ...]
    cited: bool


@dataclass(frozen=True)
class Written:
    """What came of asking for one part.

    Attributes:
        guideline: The guideline with the new part; None where no reply could be taken.
        sources: What each new rule rests on, by the rule's id.
        refused: Reason -> replies that were not taken.
        why: What was wrong with the last one that was not taken; '' where the first was.
        left_out: What was taken out of a reply that stayed too long, the cheapest rules first.
    """

    guideline: Guideline | None
    sources: Mapping[str, Attribution] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    why: str = ""
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class GuidelineWriter:
    """Asks a writer model for one part of a guideline, and again where a reply breaks a rule, saying which.

    Where nothing is wrong but the length, and the last reply is too long as well, the shortest of them loses its
    cheapest rules (see `fitted`).

    Attributes:
        draw: Gets the writer's replies; it records and pays for them.
        scale: The scale of the labels.
        subject: What the guideline is about.
        checks: What a reply is held to.
        attempts: The most replies that are asked for.
    """

    draw: DrawMany
    scale: Scale
    subject: Subject
    checks: Checks
    attempts: int = 3

    def instruction(self, told: Guideline, notes: Sequence[Note]) -> Written:
        """Return the guideline with a step-by-step instruction that is taken from whole traces."""
        return self._part("instruction", told, notes)

    def rubric(self, told: Guideline, notes: Sequence[Note]) -> Written:
        """Return the guideline with criteria for each label that are taken from critiques."""
        return self._part("rubric", told, notes)

    def checklist(self, told: Guideline, notes: Sequence[Note]) -> Written:
        """Return the guideline with yes/no questions that are taken from critiques, at most one for each of them."""
        return self._part("checklist", told, notes)

    def _part(self, part: Part, told: Guideline, notes: Sequence[Note]) -> Written:
        asked = self._request(part, told, notes)
        prompt, refused, why = asked, Counter[str](), ""
        too_long: list[Reading] = []
        for _ in range(self.attempts):
            (drawn,) = self.draw([Want(_ITEM_ID, prompt, (0,))], _read)
            if not drawn:
                refused["failed"] += 1
                return Written(None, {}, dict(refused), "the request failed")
            reading = read_reply(drawn[0], told, part)
            wrong = self._wrong(reading, told, len(notes))
            if reading.guideline is not None and not wrong:
                return Written(reading.guideline, _sources(reading, told, notes), dict(refused), why)
            refused.update({one.reason for one in wrong})
            why = "; ".join(dict.fromkeys(one.what for one in wrong))
            too_long += [reading] if {one.reason for one in wrong} == {"too_long"} else []
            complaint = f"This cannot be taken: {why}. Answer again with the whole guideline."
            prompt = Prompt((*asked.turns, Turn("assistant", drawn[0].text), Turn("user", complaint)))
        return self._shortened(too_long, told, notes, Written(None, {}, dict(refused), why))

    def _shortened(
        self, too_long: Sequence[Reading], told: Guideline, notes: Sequence[Note], failed: Written
    ) -> Written:
        """Return the shortest of the replies that were nothing but too long, without its cheapest rules."""
        texts = [reading.guideline for reading in too_long if reading.guideline is not None]
        if not texts:
            return failed
        sizes = [self.checks.budget.tokens(text) for text in texts]
        shortest = too_long[sizes.index(min(sizes))]
        text, sources = texts[sizes.index(min(sizes))], _sources(shortest, told, notes)
        records = [
            RuleRecord.of(rule, "writer", sources[rule.id].sources) for rule in rules_of(text) if rule.id in sources
        ]
        found = fitted(text, records, self.checks.budget, self.scale)
        if found.guideline is None:
            return replace(failed, why=found.why)
        left = {id: sources[id] for id in (record.id for record in found.rules)}
        return replace(failed, guideline=found.guideline, sources=left, left_out=found.left_out)

    def _wrong(self, reading: Reading, told: Guideline, notes: int) -> list[DraftRefusal]:
        if reading.guideline is None:
            return [DraftRefusal(reading.reason, _COMPLAINTS[reading.reason])]
        form = question_refusals(reading.guideline, told, self.scale, notes)
        return [*form, *self.checks.refusals(reading.guideline, told)]

    def _request(self, part: Part, told: Guideline, notes: Sequence[Note]) -> Prompt:
        levels = list(dict.fromkeys(note.level for note in notes))
        shown: list[str] = []
        for level in levels:
            lines = [f"[{number}] {note.text}" for number, note in enumerate(notes, start=1) if note.level == level]
            shown.append("\n\n".join([f"### {self.scale.write(level)}", *lines]))
        levels = [self.scale.write(level) for level in self.scale.levels or levels]
        content = _render(
            f"write_{part}.txt",
            self.subject,
            levels=", ".join(levels),
            marks=_MARKS[self.scale.ordered],
            guideline=told.with_cases().to_markdown(),
            notes="\n\n".join(shown),
        )
        return Prompt((Turn("user", content),))


def list_critiques(rationales: Mapping[str, str], draw: DrawMany, subject: Subject) -> dict[str, tuple[str, ...]]:
    """Return the statements that a writer model finds in each rationale, by item id; failed requests are left out.

    Args:
        rationales: By item id.
        draw: Gets the writer's replies.
        subject: What the rationales are about.
    """
    asked = {
        id: Prompt((Turn("user", _render("list_critiques.txt", subject, notes=text)),))
        for id, text in rationales.items()
    }
    wants = {prompt.sha256: Want(id, prompt, (0,)) for id, prompt in asked.items()}
    said = {sha256: drawn for sha256, drawn in zip(wants, draw(list(wants.values()), _read), strict=True) if drawn}
    return {id: _statements(said[prompt.sha256][0].text) for id, prompt in asked.items() if prompt.sha256 in said}


def _render(name: str, subject: Subject, **parts: str) -> str:
    template = Template((_PROMPTS / name).read_text(encoding="utf-8"))
    return template.substitute(dimension=subject.dimension, material=subject.material, **parts)


def _read(item_id: str, prompt: Prompt, index: int, completion: Completion) -> Draw:
    """Make the record of a reply that rates nothing."""
    return Draw(
        item_id,
        prompt.sha256,
        index,
        None,
        "",
        text=completion.text,
        thinking=completion.thinking,
        finish_reason=completion.finish_reason,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        kind="writing",
    )


def _statements(reply: str) -> tuple[str, ...]:
    lines = (_BULLET.sub("", " ".join(line.split())) for line in reply.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line and line.strip(".").upper() != "NONE"))


def _sources(reading: Reading, told: Guideline, notes: Sequence[Note]) -> dict[str, Attribution]:
    """Return what each new rule rests on; cited numbers of notes that do not exist count for nothing."""
    known = {rule.id for rule in rules_of(told)}
    fresh = [
        rule for rule in rules_of(told if reading.guideline is None else reading.guideline) if rule.id not in known
    ]
    found: dict[str, Attribution] = {}
    for rule, nearest in zip(fresh, _nearest([rule.text for rule in fresh], notes), strict=True):
        cited = [number - 1 for number in reading.cited.get(rule.id, ()) if 0 < number <= len(notes)]
        sources = {id for place in (cited if cited else nearest) for id in notes[place].sources}
        found[rule.id] = Attribution(tuple(sorted(sources)), bool(cited))
    return found


def _nearest(texts: Sequence[str], notes: Sequence[Note]) -> list[list[int]]:
    """Return for each text the places of the notes that are at least half as like it as the one that is most like it.

    Notes are alike in the words they share, weighed by how rare those are.
    """
    if not texts:
        return []
    vectorizer = vectorizer_of([note.text for note in notes])
    alike = vectorizer.transform(texts) @ vectorizer.transform([note.text for note in notes]).T
    return [
        [int(place) for place in np.argsort(-row, kind="stable")[:_NEAREST] if row[place] > row.max() / 2]
        for row in alike.toarray()
    ]
