"""Knows how to make a local model pick one of a scale's levels; does not let it reason and never parses."""

import math

from ...data import Corpus, Draw, Journal, SetupError, Source
from ..completions import identity
from ..local import LocalEngine
from ..rating import Rating, Ratings
from .rater import Rater


def forced_choice(rater: Rater, corpus: Corpus, *, journal: Journal | None = None) -> Ratings:
    """Rate every item with the level whose whole reply the model finds likeliest: argmax over ln p(reply | prompt).

    It is the fairest reading of a model that cannot keep to a form, since it always gives a label. What it measures is
    the model's knowledge, not its use: such a label is never a trace.

    Args:
        rater: Who rates; only the label is asked for, without a rationale. Its model must be a local one.
        corpus: What is rated.
        journal: Where choices are kept and found again.

    Returns:
        Ratings; an item that exceeds the model's context has no label, and is unparsed as ``"error"``.

    Raises:
        SetupError: If the model is not local, its tokenizer writes two levels alike, or the scale has no finite set of
            levels.
    """
    engine = rater.lm.engine
    levels = rater.scale.levels
    if not isinstance(engine, LocalEngine) or levels is None:
        cure = "Use a local model and a scale with levels."
        raise SetupError("a forced choice needs probabilities of whole replies", place="forced_choice", cure=cure)
    asked = rater.variant(order="label")
    source = Source(identity(rater.lm), {"choice": "likeliest reply"})
    prompts = [asked.prompt(item.fields) for item in corpus]
    replies = [asked.reply("", level) for level in levels]
    found: dict[int, Draw] = {}
    if journal is not None:
        recorded = journal.draws_of(source, [prompt.sha256 for prompt in prompts])
        found.update({place: draws[0] for place, (_, draws) in enumerate(recorded) if draws})
    wanted = [place for place in range(len(prompts)) if place not in found]
    scores = engine.level_log_probabilities([prompts[place] for place in wanted], replies) if wanted else []
    for place, score in zip(wanted, scores, strict=True):
        if max(score) == -math.inf:
            continue
        best = max(range(len(levels)), key=lambda number: score[number])
        share = 1 / sum(math.exp(other - score[best]) for other in score)
        draw = Draw(corpus[place].id, prompts[place].sha256, 0, levels[best], "", text=f"p={share:.4f}")
        found[place] = draw
        if journal is not None:
            journal.record(source, [draw])
    error = "context_length: the prompt and the reply exceed the model's context"
    return Ratings(
        tuple(
            Rating(item.id, found[place].label, "", "") if place in found else Rating(item.id, None, "", "error", error)
            for place, item in enumerate(corpus)
        )
    )
