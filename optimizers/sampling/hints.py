"""Knows how to explain items that no blind draw explains, by showing the label; does not know which items those are.

The ladder follows the post-hoc explanations of Zhang et al., "Through the Judge's Eyes" (arXiv 2510.25860, ablations),
and the rationalization of STaR (Zelikman et al., arXiv 2203.14465, section 3): the teacher sees the item and the label
and writes the reasoning of an annotator who gave it; every mention of a rating is stripped; a second reading, of the
item and what is left, without the label, must reach the label again.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from ...data import Draw, Label, SetupError
from ...programs import Completion, Prompt, Rater, draw_of
from ..budget import DrawMany, Read, Want
from ..rationales import DEFAULT_FILTERS, Filter, RatingMentions, refusal, says_something, words

_PROMPTS = Path(__file__).with_name("prompts")
_WAVE = 2
"""Hinted draws of an item that go out together: the prompt is long, and the first one often fails."""


@dataclass(frozen=True)
class Hints:
    """How items that no blind draw explains get a second chance: ``RejectionSampling(hint=Hints(samples=4))``.

    Attributes:
        samples: The most hinted draws an item gets; none are made after one whose blind reading reached the label.
        weight: Of a hinted trace in training; a blind one weighs up to 1.
        least_words: Words that must be left of a rationale when every mention of a rating is gone.
        readings: Blind readings of a rationale, all of which must reach the label. The paper makes one; a reader who
            guesses on five levels passes that one time in five, and two readings one time in 25.
    """

    samples: int = 4
    weight: float = 0.5
    least_words: int = 5
    readings: int = 2

    def __post_init__(self) -> None:
        """Refuse a policy that cannot work."""
        if self.samples < 1:
            raise SetupError(f"samples={self.samples}", place="Hints", cure="Give samples=1 or more, or hint=None.")
        if not 0 < self.weight <= 1:
            raise SetupError(f"weight={self.weight}", place="Hints", cure="Give a weight above 0, at most 1.")
        if self.least_words < 1:
            raise SetupError(f"least_words={self.least_words}", place="Hints", cure="Give least_words=1 or more.")
        if self.readings < 1:
            raise SetupError(f"readings={self.readings}", place="Hints", cure="Give readings=1 or more.")


@dataclass(frozen=True)
class HintWish:
    """An item that is to be explained with its label shown.

    Attributes:
        item_id: The item.
        fields: Its texts by field.
        labels: The label that is shown, or several of which any is to be explained.
        matches: Whether a label that was read reaches the target.
    """

    item_id: str
    fields: Mapping[str, str]
    labels: tuple[Label, ...]
    matches: Callable[[Label], bool]


@dataclass(frozen=True)
class HintedTrace:
    """Reasoning that leads a blind reader to the label.

    Attributes:
        rationale: What was written with the label in sight, without any mention of a rating.
        draw: The hinted draw it comes from; its rationale is as it was written.
        reading: The draw of the (first) blind reading; it reached the label.
    """

    rationale: str
    draw: Draw
    reading: Draw


@dataclass(frozen=True)
class HintedItem:
    """What hints brought for one item. Hinted draws = `passed` + those in `refused`.

    Attributes:
        item_id: The item.
        trace: The first rationale that passed, None where none did.
        refused: Reason -> hinted draws. ``empty``, ``refused`` and ``truncated``: there was no whole rationale;
            ``restates_label``: nothing is left without the mentions of a rating; ``too_short`` and
            ``mentions_nothing``: there never was more; ``reading_missed``: a blind reading came to another label;
            ``reading_unparsed``: to none; ``not_read``: one failed, or the budget ended; else a filter's reason
            (``copies_item``, ``duplicate``, ...).
        passed: Hinted draws whose blind reading reached the label.
        mentions: Mentions of a rating that were stripped, over all hinted draws.
        draws: Every draw, hinted ones and readings, in the order in which they were asked for.
    """

    item_id: str
    trace: HintedTrace | None
    refused: Mapping[str, int]
    passed: int = 0
    mentions: int = 0
    draws: tuple[Draw, ...] = ()


def hinted(
    teacher: Rater,
    wishes: Sequence[HintWish],
    draw: DrawMany,
    *,
    policy: Hints,
    filters: Sequence[Filter] = DEFAULT_FILTERS,
) -> list[HintedItem]:
    """Show the label of each item, ask for the reasoning behind it, and keep what leads a blind reader to that label.

    The hinted prompt alone carries the label. The reading's prompt depends on it only through what is left of the
    rationale.

    Args:
        teacher: Who writes and who reads, under its own guideline.
        wishes: The items.
        draw: Gets draws; it records and pays for them.
        policy: How many draws, and what must be left of them.
        filters: What cannot stand for an item, once it is stripped.

    Returns:
        One record for each wish, in their order.

    Raises:
        InputError: If an item lacks a field of the teacher, or a shown label is not on its scale.
    """
    ladder = _Ladder(teacher, RatingMentions(teacher.scale), policy, filters)
    states = [_State(wish, ladder.hint(wish)) for wish in wishes]
    for begun in range(0, policy.samples, _WAVE):
        indices = tuple(range(begun, min(begun + _WAVE, policy.samples)))
        open_states = [state for state in states if state.trace is None]
        if not open_states:
            break
        wants = [Want(state.wish.item_id, state.prompt, indices) for state in open_states]
        readings: list[tuple[_State, Draw, str]] = []
        for state, drawn in zip(open_states, _ask(draw, wants, ladder.read_hinted), strict=True):
            for one in drawn:
                one = replace(one, item_id=state.wish.item_id, kind="hinted")
                state.draws.append(one)
                left = ladder.left(state, one)
                if left:
                    state.tried.append(left)
                    readings.append((state, one, left))
        numbers = tuple(range(policy.readings))
        asked = [Want(state.wish.item_id, ladder.reading(state.wish, left), numbers) for state, _, left in readings]
        for (state, one, left), read in zip(readings, _ask(draw, asked, ladder.read_blind), strict=True):
            state.settle(one, left, read, policy.readings)
    return [state.finished() for state in states]


def _ask(draw: DrawMany, wants: Sequence[Want], read: Read) -> list[tuple[Draw, ...]]:
    """Get draws; items with the same text and label share a prompt, which is asked for once."""
    unique = {want.prompt.sha256: want for want in wants}
    if not unique:
        return []
    found = dict(zip(unique, draw(list(unique.values()), read), strict=True))
    return [found[want.prompt.sha256] for want in wants]


@dataclass
class _State:
    """One item in the making."""

    wish: HintWish
    prompt: Prompt
    draws: list[Draw] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    mentions: int = 0
    passed: int = 0
    trace: HintedTrace | None = None

    def settle(self, one: Draw, left: str, read: Sequence[Draw], wanted: int) -> None:
        """Take what came of the blind readings of a rationale."""
        readings = [replace(reading, item_id=self.wish.item_id, kind="reading") for reading in read]
        self.draws.extend(readings)
        labels = [reading.label for reading in readings]
        if any(label is not None and not self.wish.matches(label) for label in labels):
            self.refused["reading_missed"] += 1
        elif None in labels:
            self.refused["reading_unparsed"] += 1
        elif len(labels) < wanted:
            self.refused["not_read"] += 1
        else:
            self.passed += 1
            if self.trace is None:
                self.trace = HintedTrace(left, one, readings[0])

    def finished(self) -> HintedItem:
        return HintedItem(
            self.wish.item_id, self.trace, dict(self.refused), self.passed, self.mentions, tuple(self.draws)
        )


@dataclass(frozen=True)
class _Ladder:
    """Renders the two prompts and reads the two kinds of reply."""

    teacher: Rater
    mentions: RatingMentions
    policy: Hints
    filters: Sequence[Filter]

    @cached_property
    def _rationale_only(self) -> type:
        return self.teacher.variant(order="rationale_label").signature.delete("label")

    @cached_property
    def _label_only(self) -> type:
        return self.teacher.variant(order="label").signature

    def hint(self, wish: HintWish) -> Prompt:
        """Render the only prompt that carries gold."""
        scale = self.teacher.scale
        shown = " or ".join(scale.write(scale.read(label, place=f"item {wish.item_id}")) for label in wish.labels)
        return self._prompt(self._rationale_only, wish, "annotator_label", shown, "hint.txt")

    def reading(self, wish: HintWish, notes: str) -> Prompt:
        """Render the blind reading of an item and what is left of a rationale."""
        return self._prompt(self._label_only, wish, "annotator_notes", notes, "reading.txt")

    def read_hinted(self, item_id: str, prompt: Prompt, index: int, completion: Completion) -> Draw:
        """Read the visible reasoning. What was thought before it may name the label at length, and is not taken."""
        rationale, reason = self.teacher.adapter.read_rationale(completion)
        read = draw_of(self.teacher, item_id, prompt.sha256, index, completion)
        return replace(read, label=None, rationale=rationale, reason=reason, kind="hinted")

    def read_blind(self, item_id: str, prompt: Prompt, index: int, completion: Completion) -> Draw:
        """Read the label of a blind reading."""
        return replace(draw_of(self.teacher, item_id, prompt.sha256, index, completion), kind="reading")

    def left(self, state: _State, one: Draw) -> str:
        """Return what is left of a hinted draw's rationale, or count why it is refused and return the empty string."""
        reason = one.reason
        text = ""
        if not reason:
            stripped = self.mentions.remove(one.rationale)
            state.mentions += stripped.mentions
            text = stripped.text
            if len(words(text)) < self.policy.least_words:
                reason = "restates_label" if stripped.mentions else "too_short"
            elif not says_something(text):
                reason = "restates_label" if stripped.mentions else "mentions_nothing"
            else:
                fields = {name: str(shown) for name, shown in state.wish.fields.items()}
                reason = refusal(self.filters, text, fields, state.tried)
        if reason:
            state.refused[reason] += 1
            return ""
        return text

    def _prompt(self, signature: type, wish: HintWish, section: str, content: str, request: str) -> Prompt:
        teacher = self.teacher
        while section in teacher.fields:
            section += "_"
        asked = teacher.adapter.prompt(signature, teacher.predict.demos, wish.fields)
        return teacher.adapter.extended(asked, section, content, (_PROMPTS / request).read_text(encoding="utf-8"))
