"""Knows how many tokens a guideline adds to each request, and what goes where they are too many; rates nothing."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import dspy

from ...data import Scale
from ...programs import Guideline, LocalEngine, Prompt, Turn, VLLMEngine, rules_of, without_rule
from .drafts import CaseRecord, Draft, Drafts, RuleRecord
from .level_headings import level_of

_BYTES_A_TOKEN = 4
"""What a token of English is long on average; other scripts have more bytes a letter, and more tokens."""

CountTokens = Callable[[str], int]


@dataclass(frozen=True)
class SizeBudget:
    """What a guideline may have at most.

    Attributes:
        most: Tokens; None for any number.
        count: How many tokens a text has.
    """

    most: int | None = None
    count: CountTokens = lambda text: math.ceil(len(text.encode("utf-8", "replace")) / _BYTES_A_TOKEN)

    @classmethod
    def of(cls, most: int | None, lms: Iterable[dspy.LM]) -> "SizeBudget":
        """Return a budget in the tokens of the models that follow the guideline, of whichever counts most.

        Where no model's tokenizer is at hand (a server's is not), 4 bytes are taken for a token.

        Args:
            most: Tokens; None for any number.
            lms: The models.
        """
        engines = [getattr(lm, "engine", None) for lm in lms]
        known = [_counting(engine) for engine in engines if isinstance(engine, LocalEngine | VLLMEngine)]
        return cls(most, lambda text: max(count(text) for count in known)) if known else cls(most)

    def tokens(self, guideline: Guideline) -> int:
        """Return how many tokens a guideline has, with its worked cases."""
        return self.count(guideline.to_markdown())


@dataclass(frozen=True)
class LeftOut:
    """A rule or a case that a guideline had no room for.

    Attributes:
        id: The rule's id, or the id of the item that the case shows.
        text: The rule's words; '' for a case.
        tokens: How many it had.
        why: What it was worth.
    """

    id: str
    text: str
    tokens: int
    why: str


@dataclass(frozen=True)
class FittedDraft:
    """A guideline of at most so many tokens, or why there is none.

    Attributes:
        guideline: The guideline; None where it cannot be made to fit.
        rules: The records of the rules that are left.
        cases: The records of the new cases that are left.
        left_out: What went, in that order.
        why: Why it cannot be made to fit; '' where it can.
    """

    guideline: Guideline | None
    rules: tuple[RuleRecord, ...]
    cases: tuple[CaseRecord, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    why: str = ""


def fitted(
    guideline: Guideline,
    rules: Sequence[RuleRecord],
    budget: SizeBudget,
    scale: Scale,
    *,
    cases: Sequence[CaseRecord] = (),
) -> FittedDraft:
    """Leave out the cheapest rules and new cases of a guideline, one by one, until it fits the budget.

    First go rules without which dev was seen to agree as well (the least useful first), then those that were not tried,
    by their support for each token, worked cases among them; last those that dev was seen to miss. What people wrote
    and what was there before stays, and so does the last criterion of a label, and its last new case.

    Args:
        guideline: The guideline.
        rules: The records of its rules; those with another author than ``extracted`` and ``writer`` stay.
        budget: The most tokens.
        scale: Whose labels the criteria are for.
        cases: The records of its new cases, which are its last ones.
    """
    begun = _Cut(guideline, tuple(rules), tuple(cases))
    before = budget.tokens(guideline)
    now, gone = begun, list[LeftOut]()
    while budget.most is not None and (size := budget.tokens(now.guideline)) > budget.most:
        offers = [*_without_rules(now, budget, scale), *_without_cases(now, budget)]
        if not offers:
            left = f"about {size:,} are left without what can go" if gone else "nothing in it can be left out"
            why = f"it has about {before:,} tokens, and {budget.most:,} are allowed; {left}"
            return FittedDraft(None, begun.rules, begun.cases, why=why)
        best = min(offers, key=lambda offer: (offer.worth, offer.gone.id))
        now = best.left
        gone.append(best.gone)
    return FittedDraft(now.guideline, now.rules, now.cases, tuple(gone))


def within(budget: SizeBudget, proposed: Drafts, scale: Scale) -> Drafts:
    """Return drafts that fit the budget, each with what was left out among its details; the others are skipped.

    Args:
        budget: The most tokens of a draft.
        proposed: The drafts, with the records of all their rules.
        scale: Whose labels the criteria are for.
    """
    kept: list[Draft] = []
    skipped = dict(proposed.skipped)
    for draft in proposed.drafts:
        found = fitted(draft.rater.guideline, draft.rules, budget, scale, cases=draft.cases)
        if found.guideline is None:
            skipped[draft.name] = found.why
        elif not found.left_out:
            kept.append(draft)
        else:
            gone = [*draft.details.get("left_out", ()), *(asdict(one) for one in found.left_out)]
            rater = draft.rater.variant(guideline=found.guideline)
            details = {**draft.details, "left_out": gone}
            kept.append(replace(draft, rater=rater, rules=found.rules, cases=found.cases, details=details))
    return replace(proposed, drafts=tuple(kept), skipped=skipped)


@dataclass(frozen=True)
class _Cut:
    """A guideline on its way to fit."""

    guideline: Guideline
    rules: tuple[RuleRecord, ...]
    cases: tuple[CaseRecord, ...]


@dataclass(frozen=True)
class _Offer:
    """What may go next, what it is worth, and what is left without it."""

    worth: tuple[int, float]
    gone: LeftOut
    left: _Cut


def _without_rules(now: _Cut, budget: SizeBudget, scale: Scale) -> Iterator[_Offer]:
    standing = {rule.id: rule for rule in rules_of(now.guideline)}
    level = {id: level_of(rule, scale) for id, rule in standing.items()}
    in_part = Counter(rule.part for rule in standing.values())
    criteria = Counter(level.values())
    for record in now.rules:
        if record.author not in ("extracted", "writer") or record.id not in standing:
            continue
        own = level[record.id]
        if in_part[record.part] == 1 or (own is not None and criteria[own] == 1):
            continue
        tokens = max(budget.count(record.text), 1)
        text = without_rule(now.guideline, standing[record.id])
        rules = tuple(rule for rule in now.rules if rule.id != record.id)
        gone = LeftOut(record.id, record.text, tokens, _worth(record))
        yield _Offer(_rank(record, tokens), gone, replace(now, guideline=text, rules=rules))


def _without_cases(now: _Cut, budget: SizeBudget) -> Iterator[_Offer]:
    first = len(now.guideline.cases) - len(now.cases)
    shown = Counter(case.level for case in now.cases)
    for place, record in enumerate(now.cases):
        if shown[record.level] == 1:
            continue
        every = now.guideline.cases
        tokens = max(budget.count(every[first + place].to_markdown(1)), 1)
        text = now.guideline.with_cases(*every[: first + place], *every[first + place + 1 :])
        cases = (*now.cases[:place], *now.cases[place + 1 :])
        gone = LeftOut(record.item, "", tokens, f"a case of {record.level!r}, which has others")
        yield _Offer((1, 1 / tokens), gone, replace(now, guideline=text, cases=cases))


def _rank(record: RuleRecord, cost: int) -> tuple[int, float]:
    """Return what a rule is worth, to be compared with others: the least goes first."""
    value = None if record.effect is None else record.effect.get("value")
    if value is None:
        return 1, record.support / cost
    return (0, value) if value <= 0 else (2, value)


def _worth(record: RuleRecord) -> str:
    value = None if record.effect is None else record.effect.get("value")
    if value is not None:
        return f"alpha {value:+.2f} on dev"
    return f"rests on {record.support} item{'' if record.support == 1 else 's'}"


def _counting(engine: LocalEngine | VLLMEngine) -> CountTokens:
    def length(text: str) -> int:
        return len(engine.encode(Prompt((Turn("user", text),))))

    return lambda text: length(text) - length("")
