"""Knows how items get scores from the log-probabilities that come with a server's replies, resumably; knows no server.

What a journal keeps of a reply with log-probabilities are two draws of one source, committed together: number 0 is the
reply, number 1 has the weights of the levels as JSON, or the reason why there are none. The source says how many
alternatives were asked for, so plain replies at temperature 0 are other draws. The alternatives to a whole rationale
would be a hundred times as long as the reply, and nothing but the place of the label is of use.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...data import Corpus, Draw, Label, Scale, Source
from ..adapter import Completion
from ..completions import Ask, complete, gives_logprobs, identity
from ..openai_client import MOST_ALTERNATIVES
from .asked import Asked
from .ratings import Rating, draw_of
from .scored_run import Scored, ScoredRun, scored
from .scoring import score
from .token_levels import LevelWeights, Unweighed, has_alternatives, level_weights

_VERSION = 1
"""Of the second draw's JSON."""

_FEWEST_ALTERNATIVES = 5

_FEW = 8
"""Items that are asked for at once, whatever their server may send: waiting for the first would take twice as long."""


def alternatives_for(levels: Sequence[Label]) -> int:
    """Return how many alternatives of a token to ask for: room for each level in two spellings."""
    return min(MOST_ALTERNATIVES, max(_FEWEST_ALTERNATIVES, 2 * len(levels)))


def rate_by_tokens(rater: Asked, corpus: Corpus, levels: Sequence[Label], run: ScoredRun) -> Scored:
    """Score items with the probabilities that a server shows at the place of the label of its reply at temperature 0.

    Of many items one is asked for first: where its reply comes without log-probabilities, the others are not asked for.
    """
    if not gives_logprobs(rater.lm):
        return Scored(unweighed=dict.fromkeys(range(len(corpus)), "no_logprobs"))
    sampling = replace(run.sampling, logprobs=alternatives_for(levels))
    source = Source(identity(rater.lm), {**sampling.to_dict(), "levels": _VERSION})
    prompts = [rater.prompt(item.fields) for item in corpus]
    found = Scored()
    if run.journal is not None:
        recorded = run.journal.draws_of(source, [prompt.sha256 for prompt in prompts])
        for place, (_, draws) in enumerate(recorded):
            if draws:
                _settle(rater, found, place, _Reading(corpus[place].id, reply=draws[0], weights=draws[1]))
    wanted = [place for place in range(len(prompts)) if place not in found.ratings and place not in found.unweighed]
    feed = _Careful([Ask(prompts[place]) for place in wanted])
    if any(rating.level_mass is not None for rating in found.ratings.values()):
        feed.hear(True)
    elif "no_logprobs" in found.unweighed.values():
        feed.hear(False)
    run.tell(len(found.ratings), len(corpus))
    for number, (completion,) in complete(rater.lm, feed, sampling):
        place = wanted[number]
        found.prompt_tokens += completion.prompt_tokens
        found.completion_tokens += completion.completion_tokens
        feed.hear(not _is_bare(completion))
        if completion.error:
            found.ratings[place] = Rating(corpus[place].id, None, "", "error", completion.error)
        else:
            draw = draw_of(rater, corpus[place].id, prompts[place].sha256, 0, completion)
            reading = _Reading(draw.item_id, draw, _weighed(rater, draw, completion))
            if run.journal is not None:
                run.journal.record(source, [reading.reply, reading.weights])
            _settle(rater, found, place, reading)
        run.tell(len(found.ratings), len(corpus))
    for place in wanted:
        if place not in found.ratings:
            found.unweighed.setdefault(place, "no_logprobs")
    return found


def weigh_levels(rater: Asked, completion: Completion) -> LevelWeights | Unweighed:
    """Weigh the levels of a rater's scale at the place where a reply that came with log-probabilities has its label."""
    reply = rater.read(completion)
    if not isinstance(reply.label, int | float | str):
        return "no_place"
    return level_weights(completion.text, completion.tokens, reply.place, reply.label, rater.scale)


@dataclass(frozen=True)
class _Reading:
    """The two draws of an item."""

    item_id: str
    reply: Draw
    weights: Draw


class _Careful:
    """A feed that hands out one ask of many, and the others once it is known that replies come with alternatives."""

    def __init__(self, asks: Sequence[Ask]) -> None:
        """Know nothing yet."""
        self._asks = asks
        self._given = 0
        self._known = len(asks) <= _FEW
        self._most = len(asks) if self._known else 1

    def hear(self, worthwhile: bool) -> None:
        """Take note of whether asking is worthwhile; what is heard first counts."""
        if not self._known:
            self._known = True
            self._most = len(self._asks) if worthwhile else 0

    def take(self, count: int) -> Sequence[Ask]:
        """Hand out up to `count` asks."""
        begun = self._given
        self._given = max(begun, min(begun + count, self._most))
        return self._asks[begun : self._given]


def _is_bare(completion: Completion) -> bool:
    """Tell whether a reply shows that its server sends no alternatives; an error or an empty reply shows nothing."""
    return bool(completion.text) and (completion.tokens is None or not has_alternatives(completion.tokens))


def _settle(rater: Asked, found: Scored, place: int, reading: _Reading) -> None:
    """Turn what was read of an item into its rating, or note why its levels are not weighed."""
    reply, rule = reading.reply, rater.scoring.rule
    if reply.label is None:
        found.ratings[place] = Rating(reading.item_id, None, reply.rationale, reply.reason)
    elif reading.weights.reason:
        found.unweighed[place] = reading.weights.reason
    else:
        seen = _read_weights(reading.weights.text, rater.scale)
        rating = Rating(reading.item_id, None, reply.rationale, "", level_mass=seen.mass)
        found.ratings[place] = scored(rating, score(seen.weights, rule, rater.scale))


def _weighed(rater: Asked, reply: Draw, completion: Completion) -> Draw:
    """Return the draw that keeps what the tokens say of the levels."""
    kept = Draw(reply.item_id, reply.prompt, 1, None, "", reply.reason)
    if reply.label is None:
        return kept
    seen = weigh_levels(rater, completion)
    if not isinstance(seen, LevelWeights):
        return replace(kept, reason=seen)
    weights = {rater.scale.write(level): weight for level, weight in seen.weights.items()}
    return replace(kept, text=json.dumps({"version": _VERSION, "weights": weights}, ensure_ascii=False))


def _read_weights(text: str, scale: Scale) -> LevelWeights:
    return LevelWeights({scale.read(level): weight for level, weight in json.loads(text)["weights"].items()})
