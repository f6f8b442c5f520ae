"""Knows what the draws so far say about a teacher: chances, hit rates, prices; does not know what to do about it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...data import Draw, Label, Scale
from .acceptance import Acceptance, Reach, Target, can_match
from .hit_rate import HitRates, Tally, learn_levels

_MOST_PAIRS = 10_000
"""Levels times targets that are compared for a first guess; it is worth two draws and no more time."""


@dataclass(frozen=True)
class BelievedDraws:
    """What was drawn of one item.

    Attributes:
        target: What its draws are compared with.
        draws: Its draws, in their order.
        hits: How many of them matched.
        prompt_size: Bytes of its prompt.
        unselected: How many of its draws, the first ones, were made whatever they said.
    """

    target: Target
    draws: Sequence[Draw]
    hits: int
    prompt_size: int
    unselected: int


@dataclass(frozen=True)
class TeacherBeliefs:
    """What is believed of a teacher after some draws; nothing changes in it.

    Attributes:
        chances: Target -> how often a draw of another item reaches it: what a teacher hits that does not look.
        rates: Target -> how hit rates are spread over its items.
        prompt_rate: Tokens for each byte of a prompt.
        completion_tokens: Mean tokens of a completion.
    """

    chances: Mapping[Target, float]
    rates: Mapping[Target, HitRates]
    prompt_rate: float = 0.25
    completion_tokens: float = 100.0

    def confidence(self, target: Target, hits: int, draws: int) -> float:
        """Return P(hit rate > chance) of an item."""
        return float(self.rates[target].confidence(hits, draws, self.chances[target]))


def believe(items: Sequence[BelievedDraws], chances: Mapping[Target, float], reach: Reach) -> TeacherBeliefs:
    """Learn from what was drawn.

    The chance of a target is what a teacher would hit that says its usual labels without looking at the item: how often
    draws of *other* items reach it (each of the target's items left out in turn, averaged; each item weighs the same).
    Only the draws of first waves are counted: later ones are made only of items that were missed before.

    Args:
        items: What was drawn.
        chances: For all targets there are, drawn for or not, what is believed of their chance before any draw.
        reach: Which labels reach which targets.
    """
    used = [item for item in items if item.draws]
    counts = Counter(item.target for item in used)
    said: dict[Target, dict[Label | None, float]] = defaultdict(lambda: defaultdict(float))
    for item in used:
        first = item.draws[: item.unselected]
        for draw in first:
            said[item.target][draw.label if can_match(draw) else None] += 1 / len(first)
    everything: dict[Label | None, float] = defaultdict(float)
    for labels in said.values():
        for label, weight in labels.items():
            everything[label] += weight
    reach.learn(everything)
    learned: dict[Target, float] = {}
    for target, guess in chances.items():
        reaching = reach.labels(target)
        lucky = sum(everything[label] for label in reaching)
        own = sum(said[target][label] for label in reaching) / counts[target] if target in counts else 0.0
        # Two draws' worth of prior: a label that nobody has said yet is not impossible.
        learned[target] = (lucky - own + 2 * guess) / (len(used) - (target in counts) + 2)
    tallies: dict[Target, Counter] = {target: Counter() for target in chances}
    for item in used:
        tallies[item.target][item.hits, len(item.draws)] += 1
    rates = learn_levels(
        {
            target: [Tally(hits, draws, learned[target], items) for (hits, draws), items in sorted(counts.items())]
            for target, counts in tallies.items()
        }
    )
    # One prompt an item: a wave that was interrupted has paid for its prompt twice, and must not weigh more for it.
    firsts = [(next((draw.prompt_tokens for draw in item.draws if draw.prompt_tokens), 0), item) for item in used]
    paid = [(sent, item.prompt_size) for sent, item in firsts if sent]
    received = [draw.completion_tokens for item in used for draw in item.draws if draw.completion_tokens]
    default = TeacherBeliefs({}, {})
    return TeacherBeliefs(
        learned,
        rates,
        sum(sent for sent, _ in paid) / sum(size for _, size in paid) if paid else default.prompt_rate,
        sum(received) / len(received) if received else default.completion_tokens,
    )


def first_chances(targets: Iterable[Target], scale: Scale, accept: Acceptance) -> dict[Target, float]:
    """Return each target's chance before any draw: the share of levels that reach it; a fifth where there are none."""
    different = dict.fromkeys(targets)
    levels = scale.levels
    if levels is None or len(different) * len(levels) > _MOST_PAIRS:
        return dict.fromkeys(different, 0.2 if levels is None else 1 / len(levels))
    return {target: sum(accept.matches(level, target, scale) for level in levels) / len(levels) for target in different}
