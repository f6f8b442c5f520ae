"""Knows the record of a guideline that a distillation proposes, and of its rules; does not know how they are made."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ...data import InputError
from ...programs import GuidelineRule, Part, Rater

Author = Literal["extracted", "writer", "human", "original"]
"""Who wrote a rule: a teacher in a rationale, a writer model, a person after a distillation, or whoever came first."""


@dataclass(frozen=True)
class RuleRecord:
    """One rule of a guideline and what it rests on.

    Attributes:
        id: The rule's id (`GuidelineRule.id`).
        part: ``instruction``, ``rubric`` or ``checklist``.
        heading: The heading it stands under.
        text: Its words.
        author: Who wrote it.
        sources: Ids of the items whose traces it came from, sorted.
        cited: Whether the author named the sources; otherwise they are the traces whose words are nearest.
        against: Ids of items where a like statement led to a label that people did not give, sorted.
        effect: What dev alpha loses when the rule is taken out, as `Difference.to_dict`; None where it was not tried.
    """

    id: str
    part: Part
    heading: str
    text: str
    author: Author
    sources: tuple[str, ...] = ()
    cited: bool = True
    against: tuple[str, ...] = ()
    effect: Mapping[str, Any] | None = None

    @property
    def support(self) -> int:
        """How many items it rests on."""
        return len(self.sources)

    @classmethod
    def of(
        cls, rule: GuidelineRule, author: Author, sources: Sequence[str] = (), *, cited: bool = True
    ) -> "RuleRecord":
        """Make the record of a rule."""
        return cls(rule.id, rule.part, rule.heading, rule.text, author, tuple(sorted(set(sources))), cited)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for a rater's provenance."""
        lists = {"sources": list(self.sources), "against": list(self.against)}
        return {**asdict(self), **lists, "support": self.support}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], place: str) -> "RuleRecord":
        """Read what `to_dict` wrote.

        Raises:
            InputError: If it is not such data.
        """
        try:
            content = {name: value for name, value in data.items() if name != "support"}
            lists = {name: tuple(content.get(name, ())) for name in ("sources", "against")}
            return cls(**{**content, **lists})
        except (AttributeError, TypeError) as error:
            cure = "Distill the guideline anew."
            raise InputError(f"a rule's record cannot be read ({error})", place=place, cure=cure) from None


@dataclass(frozen=True)
class CaseRecord:
    """One worked case and the item it shows.

    Attributes:
        item: The item's id.
        level: Its label, as written.
    """

    item: str
    level: str


@dataclass(frozen=True)
class Draft:
    """One guideline to be measured on dev.

    Attributes:
        name: What it is, e.g. ``rubric``.
        rater: The student with this guideline.
        rules: The rules that are new in it.
        cases: The cases that are new in it.
        details: Plain data on how it came about.
        to_fit: Whether what the answers to its checklist stand for is still to be learnt on dev.
    """

    name: str
    rater: Rater
    rules: tuple[RuleRecord, ...] = ()
    cases: tuple[CaseRecord, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    to_fit: bool = False

    @property
    def items(self) -> frozenset[str]:
        """The training items it was made from."""
        return frozenset({id for rule in self.rules for id in rule.sources} | {case.item for case in self.cases})

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for the record of a candidate."""
        return {
            "rules": [rule.to_dict() for rule in self.rules],
            "cases": [asdict(case) for case in self.cases],
            **self.details,
        }


@dataclass(frozen=True)
class Drafts:
    """What a mode proposes.

    Attributes:
        drafts: In the order in which ties are resolved.
        skipped: Name -> why a draft was not made.
        dropped: What -> reason -> how many sentences, cases, replies were left out.
    """

    drafts: tuple[Draft, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
