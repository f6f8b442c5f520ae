"""Knows what the draws so far say about a teacher: chances, hit rates, prices; does not know what to do about it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..data import Draw, Scale
from .acceptance import Acceptance, Target
from .hit_rate import HitRates, Tally, learn_levels


@dataclass(frozen=True)
class Drawn:
    """What was drawn of one item.

    Attributes:
        target: What its draws are compared with.
        draws: Its draws, in their order.
        hits: How many of them matched.
        prompt_size: Bytes of its prompt.
    """

    target: Target
    draws: Sequence[Draw]
    hits: int
    prompt_size: int


@dataclass(frozen=True)
class Beliefs:
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


def believe(
    items: Sequence[Drawn], targets: Sequence[Target], scale: Scale, accept: Acceptance, *, exhausted: bool
) -> Beliefs:
    """Learn from what was drawn.

    The chance of a target is what a teacher would hit that says its usual labels without looking at the item: how often
    draws of *other* items reach it (each of the target's items left out in turn, averaged). Where drawing stops early
    only first draws are counted: later ones are made only of items that were missed before.

    Args:
        items: What was drawn.
        targets: All targets there are, drawn for or not.
        scale: The labels' scale.
        accept: When a label reaches a target.
        exhausted: Whether all items were to have all draws.
    """
    used = [item for item in items if item.draws]
    known = list(dict.fromkeys(targets))
    said: dict[Target, Counter] = defaultdict(Counter)
    for item in used:
        for draw in item.draws if exhausted else item.draws[:1]:
            said[item.target][draw.label] += 1
    counts = Counter(item.target for item in used)
    everything: Counter = sum(said.values(), Counter())
    guess = 0.2 if scale.levels is None else 1 / len(scale.levels)
    chances: dict[Target, float] = {}
    for target in known:
        reaching = [label for label in everything if label is not None and accept.matches(label, target, scale)]
        lucky = sum(everything[label] for label in reaching)
        own = sum(said[target][label] for label in reaching) / max(counts[target], 1)
        each = said[target].total() / max(counts[target], 1)
        # Two draws' worth of prior: a label that nobody has said yet is not impossible.
        chances[target] = (lucky - own + 2 * guess) / (everything.total() - each + 2)
    tallies: dict[Target, Counter] = {target: Counter() for target in known}
    for item in used:
        tallies[item.target][item.hits, len(item.draws)] += 1
    rates = learn_levels(
        {
            target: [Tally(hits, draws, chances[target], items) for (hits, draws), items in sorted(counts.items())]
            for target, counts in tallies.items()
        }
    )
    paid = [(draw.prompt_tokens, item.prompt_size) for item in used for draw in item.draws if draw.prompt_tokens]
    received = [draw.completion_tokens for item in used for draw in item.draws if draw.completion_tokens]
    default = Beliefs({}, {})
    return Beliefs(
        chances,
        rates,
        sum(sent for sent, _ in paid) / sum(size for _, size in paid) if paid else default.prompt_rate,
        sum(received) / len(received) if received else default.completion_tokens,
    )
