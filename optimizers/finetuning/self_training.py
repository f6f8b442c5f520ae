"""Knows what a further round of self-training learns from: the rater's own replies; does not train or choose.

Two ways to go on. ``trace`` and ``regression`` follow the second stage of Chiang et al., "TRACT" (arXiv 2503.04381,
section 3): the rater of the last round writes one rationale for every training item, whatever label it comes to; its
label is cut off, the human one put in its place, and the base is trained afresh on that. ``preference`` follows
"Self-Rationalization" (arXiv 2410.05495): the rater draws several replies for every item, one with the human label and
one off by the margin make a pair, and DPO goes on from the last round's weights, which are also what it is held
against. Both draw at temperature 1.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import dspy

from ...data import InputError, Journal, Label, Scale, content_hash
from ...programs import Candidate, Progress, Rater, Scoring
from ..compiler import item_id
from ..rationales import Earliest, Empty
from ..rejection_sampling import RejectionSampling
from ..sampling import TRACE_KEYS, Exhaust, First, ItemDraws
from ..traces import Traces
from .measure import Measure
from .objectives import Objective
from .planner import Plan, Planner
from .preferences import preferences

SELF_TRAINED: tuple[Objective, ...] = ("trace", "regression", "preference")
"""Objectives that have a second round."""

_JOURNAL = "own_replies.sqlite"


@dataclass(frozen=True)
class Readable:
    """Every reply that can be read matches, whatever its label; its rationale is taught with gold.

    TRACT keeps all own rationales (arXiv 2503.04381, section 3): the rater is to learn which label follows from what it
    would say, also where it would have said something else.
    """

    def target(self, example: Any, scale: Scale) -> Label:
        """Return gold."""
        return example["label"]

    def matches(self, drawn: Label, target: Any, scale: Scale) -> bool:
        """Return True."""
        return True

    def taught(self, drawn: Label, target: Any) -> Label:
        """Return gold."""
        return target


class NextRound(NamedTuple):
    """The plans of a round, and why the objectives without one go no further."""

    plans: tuple[Plan, ...]
    ended: dict[str, str]


@dataclass(frozen=True)
class Rounds:
    """Makes the plans of each further round from those of the last.

    Attributes:
        planner: Makes the plans.
        measure: Makes the raters of trained plans.
        items: Every training item with its human label, as `own_items` returns them.
        samples: Replies that each item is drawn for ``preference``.
        margin: Steps by which the labels of a pair differ at least.
        seed: Of the draws.
        journal: Where draws are kept; None keeps them beside the weights that drew them.
        progress: Called as the draws come in.
    """

    planner: Planner
    measure: Measure
    items: Sequence[dspy.Example]
    samples: int
    margin: float
    seed: int
    journal: Journal | None
    progress: Progress | None

    def after(self, plans: Sequence[Plan]) -> NextRound:
        """Draw with the raters of these trained plans, and plan what is learned from it."""
        following: list[Plan] = []
        ended: dict[str, str] = {}
        for last in plans:
            if last.objective in SELF_TRAINED:
                made = self._paired(last) if last.objective == "preference" else self._rationalized(last)
                if isinstance(made, Plan):
                    following.append(made)
                else:
                    ended[f"{last.objective}_round{last.round + 1}"] = made
        return NextRound(tuple(following), ended)

    def _rationalized(self, last: Plan) -> Plan | str:
        traces = self._draw(last, 1, accept=Readable(), stop=First(), filters=(Empty(),))
        lacking = Counter(_why_none(item) for item in traces.items if not item.explained)
        if not traces:
            return f"no own reply has a rationale ({_listed(lacking)})"
        examples = [
            dspy.Example(
                **{name: trace[name] for name in self.planner.student.fields},
                label=trace.label,
                rationale=trace.rationale,
                item_id=trace.item_id,
            ).with_inputs(*self.planner.student.fields)
            for trace in traces
        ]
        told = {"items": len(traces.items), "samples": 1, "without_rationale": dict(lacking)}
        return self.planner.of_examples(last.objective, examples, round=last.round + 1, details={"own_replies": told})

    def _paired(self, last: Plan) -> Plan | str:
        traces = self._draw(last, self.samples, stop=Exhaust(), filters=(Empty(),))
        pairs = preferences(traces, margin=self.margin)
        if not pairs:
            return f"no item has two own replies that make a pair ({_listed(pairs.lacks)})"
        told = {"items": len(traces.items), "samples": self.samples}
        details = {
            "margin": pairs.margin,
            "pairs": len(pairs),
            "without_pair": dict(pairs.lacks),
            "own_replies": told,
        }
        return self.planner.of_pairs(pairs, round=last.round + 1, details=details, after=last)

    def _draw(self, last: Plan, samples: int, **policy: Any) -> Traces:
        """Draw for every item with the rater that a plan was trained to be."""
        report, note = self.progress, f"drawing own replies: {last.name}"
        named = None if report is None else lambda done, total, _: report(done, total, note)
        sampler = RejectionSampling(
            samples,
            select=Earliest(),
            seed=self.seed,
            journal=last.folder / _JOURNAL if self.journal is None else self.journal,
            progress=named,
            **policy,
        )
        return sampler.infer(self.measure.rater(last, Scoring("mode")), trainset=self.items)


def told_of_rounds(candidates: Sequence[Candidate]) -> dict[str, Any]:
    """Return, for each candidate of a further round, how many own replies it came from and what items lacked."""
    keys = ("own_replies", "without_pair")
    return {
        candidate.name: {key: candidate.details[key] for key in keys if key in candidate.details}
        for candidate in candidates
        if "own_replies" in candidate.details
    }


def own_items(student: Rater, examples: Sequence[dspy.Example], journal: Journal | None) -> list[dspy.Example]:
    """Return the items that own replies are drawn for, with nothing but their fields, label and id.

    What would end the run between two rounds is refused here, before anything is trained.

    Raises:
        InputError: If two examples are one item, a field has a name that traces have for something else, or the journal
            belongs to another corpus.
    """
    for name in student.fields:
        if name in TRACE_KEYS:
            cure = f"Rename it ({', '.join(TRACE_KEYS)} are said of own replies), or rounds=1."
            raise InputError(f"a field cannot be called {name!r} in further rounds", place="trainset", cure=cure)
    items: dict[str, dspy.Example] = {}
    for place, example in enumerate(examples):
        id = item_id(student, example)
        if id in items:
            cure = "Give every item one example, or rounds=1."
            raise InputError(f"the item {id!r} is there twice", place=f"trainset[{place}]", cure=cure)
        fields = {name: example[name] for name in student.fields}
        items[id] = dspy.Example(**fields, label=example["label"], item_id=id).with_inputs(*fields)
    if journal is not None:
        texts = {id: {name: str(item[name]) for name in student.fields} for id, item in items.items()}
        journal.claim(None, {id: content_hash(text) for id, text in texts.items()})
    return list(items.values())


def _why_none(item: ItemDraws) -> str:
    """Return why an item has no own rationale: what ailed its one reply, or the request."""
    if not item.draws:
        return next(iter(item.failures), "not_drawn")
    reason = item.draws[0].reason
    return reason if reason else "no_rationale"


def _listed(reasons: Mapping[Any, int]) -> str:
    return ", ".join(f"{reason}: {count}" for reason, count in reasons.items())
