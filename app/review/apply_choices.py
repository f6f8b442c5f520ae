"""Knows how people's choices flow back into a compile: picks, own words, corrected labels; not how they were made."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...data import Choice, Corpus, InputError, Label, Scale, Splits, standing_choices
from ...optimizers import Medoid, PeopleFirst, Selection, Traces, trace_id
from ..task import Job

CHOICES_FILE = "review.sqlite"
TRACE, LABEL, RULE = "trace", "label", "rule"
"""The kinds of choices: which trace of an item, which label of an item, what of a rule."""


@dataclass(frozen=True)
class Correction:
    """A label that people corrected.

    Attributes:
        item_id: Of the item.
        old: The label in the data.
        new: What more than half of those who judged it say.
        votes: How many say so.
        judged: How many judged it; who could not say is not among them.
    """

    item_id: str
    old: Label
    new: Label
    votes: int
    judged: int


@dataclass(frozen=True)
class ReviewUse:
    """What the choices of a run mean for its next compile.

    Attributes:
        people: How many people chose something.
        picks: Item -> trace -> how many people picked it.
        written: Item -> what people wrote of it, the earliest first.
        verdicts: Item -> the label that each person says is right, as it is written.
    """

    people: int = 0
    picks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    written: Mapping[str, Sequence[str]] = field(default_factory=dict)
    verdicts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def selection(self, then: Selection | None) -> PeopleFirst:
        """Return the rule that puts people before another rule; None stands for the usual one."""
        return PeopleFirst(self.picks, self.written, Medoid() if then is None else then)

    def corrections(self, train: Corpus) -> tuple[Correction, ...]:
        """Return the labels of a corpus that more than half of those who judged them would have otherwise.

        A tie keeps the label, and so does a word that the scale does not know any more.
        """
        found: list[Correction] = []
        for item in train:
            votes = Counter(_read(said, train.scale) for said in self.verdicts.get(item.id, ()))
            votes.pop(None, None)
            if not votes or item.gold is None:
                continue
            (new, count), judged = votes.most_common(1)[0], votes.total()
            if new is not None and new != item.gold and 2 * count > judged:
                found.append(Correction(item.id, item.gold, new, count, judged))
        return tuple(found)


@dataclass(frozen=True)
class Reviewed:
    """A job with what people chose put into it.

    Attributes:
        job: The job: its train items have corrected labels, its sampler puts people first.
        use: What people chose.
        corrections: The labels that were corrected.
        before: The hash of the corpus as it was; the job's own where no label was corrected.
    """

    job: Job
    use: ReviewUse = ReviewUse()
    corrections: tuple[Correction, ...] = ()
    before: str = ""

    @property
    def sentences(self) -> list[str]:
        """What of the choices the compile uses, said before it does."""
        parts = [
            _count(len(self.use.picks), "item with a picked trace", "items with a picked trace"),
            _count(len(self.use.written), "item with own words", "items with own words"),
            _count(len(self.corrections), "corrected label", "corrected labels"),
        ]
        said = ", ".join(filter(None, parts))
        who = _count(self.use.people, "person", "people")
        return [f"From the review by {who}: {said} (--no-review leaves them out)."] if said else []

    def provenance(self, traces: Traces) -> dict[str, Any]:
        """Return what of the choices is in a rater, as plain data; people are counted, not named."""
        if not self.use.people:
            return {}
        picked = {item.item_id: item.recognised for item in traces.items if item.recognised}
        rationales = {example["item_id"]: example["rationale"] for example in traces}
        picks = [
            {"item_id": id, "trace": trace_id(id, rationales[id]), "people": count} for id, count in picked.items()
        ]
        write = traces.scale.write
        labels = [
            {
                "item_id": one.item_id,
                "old": write(one.old),
                "new": write(one.new),
                "people": one.votes,
                "of": one.judged,
            }
            for one in self.corrections
        ]
        found = {
            "people": self.use.people,
            "picks": picks,
            "gone": sum(1 for id in self.use.picks if id not in picked),
            "written": [item.item_id for item in traces.items if item.outcome == "human"],
            "labels": labels,
            "corpus_before": self.before,
        }
        return {"review": found}


def reviewed(job: Job, run: Path) -> Reviewed:
    """Put what people chose about a run into a job.

    Raises:
        InputError: If the record of choices cannot be read.
    """
    use, train = read_use(run), job.splits.train
    corrections = use.corrections(train)
    sampler = job.sampler
    if use.picks or use.written:
        sampler = {**sampler, "select": use.selection(sampler.get("select"))}
    new = replace(job, splits=corrected(job.splits, corrections), sampler=sampler)
    return Reviewed(new, use, corrections, train.origin)


def read_use(run: Path) -> ReviewUse:
    """Read what people chose about a run; empty where nobody did.

    Raises:
        InputError: If the record of choices cannot be read.
    """
    picks: dict[str, Counter[str]] = defaultdict(Counter)
    written: dict[str, list[str]] = defaultdict(list)
    verdicts: dict[str, list[str]] = defaultdict(list)
    people: set[str] = set()
    for one in standing_choices(run / CHOICES_FILE):
        people.add(one.reviewer)
        _take(one, picks, written, verdicts)
    return ReviewUse(len(people), dict(picks), dict(written), dict(verdicts))


def corrected(splits: Splits, corrections: Sequence[Correction]) -> Splits:
    """Return the splits of a new version of the corpus, in which train items have the corrected labels.

    The split stays as it was drawn from the labels in the data: no item changes sides, and dev and test keep their
    labels. What annotators said stays too; the file of the data is not touched.
    """
    if not corrections:
        return splits
    new = {one.item_id: one.new for one in corrections}
    whole = splits.train if splits.train.parent is None else splits.train.parent
    parent = _with_golds(whole, new, None)
    return Splits(*(_with_golds(part, new, parent) for part in splits))


def _take(
    one: Choice, picks: dict[str, Counter[str]], written: dict[str, list[str]], verdicts: dict[str, list[str]]
) -> None:
    said = one.choice
    if one.kind == TRACE and said.get("trace"):
        picks[one.subject][said["trace"]] += 1
    elif one.kind == TRACE and said.get("text"):
        written[one.subject].append(said["text"])
    elif one.kind == LABEL and said.get("label") is not None:
        verdicts[one.subject].append(said["label"])


def _read(said: str, scale: Scale) -> Label | None:
    try:
        return scale.read(said)
    except InputError:
        return None


def _with_golds(corpus: Corpus, new: Mapping[str, Label], parent: Corpus | None) -> Corpus:
    items = [replace(item, gold=new[item.id]) if item.id in new else item for item in corpus]
    return replace(corpus, items=tuple(items), parent=parent)


def _count(number: int, one: str, many: str) -> str:
    return "" if not number else f"1 {one}" if number == 1 else f"{number:,} {many}"
