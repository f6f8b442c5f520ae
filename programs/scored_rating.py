"""Knows how items get scores from many replies or from the probabilities of levels; does not know what they are for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ..data import Corpus, Draw, Journal, Label, Source
from .completions import Ask, Sampling, complete, identity
from .prompt import Prompt
from .rating_run import Progress, Rating, Ratings, draw_of, rate_replies
from .scoring import Score, score, softmax

if TYPE_CHECKING:
    from .rater import Rater

_CHUNK = 256
"""Items whose levels are read before progress is told."""


@runtime_checkable
class LevelEngine(Protocol):
    """An engine that knows how probable each level is at the place of the label."""

    def choice_log_probabilities(
        self, prompts: Sequence[Prompt], replies: Sequence[Sequence[str]]
    ) -> list[list[float] | None]:
        """Return for each prompt ln p of each of its replies up to a constant, None where it is too long."""
        ...


@dataclass(frozen=True)
class Run:
    """How a corpus is rated: what `rate` was given.

    Attributes:
        sampling: At temperature 0.
        journal: Where replies are kept and found again; probabilities of levels are not kept, they cost one pass.
        progress: Called as items are done.
    """

    sampling: Sampling
    journal: Journal | None = None
    progress: Progress | None = None


def rate_scored(rater: "Rater", corpus: Corpus, run: Run) -> Ratings:
    """Rate every item with a score and a distribution, by the rater's `Scoring`.

    A reply without a label leaves its item without a rating, with the reason: nothing is guessed. Where the label comes
    first or alone its probabilities need no reply, and every item that fits the model's context has a rating.
    """
    engine = getattr(rater.lm, "engine", None)
    levels = rater.scale.levels
    if rater.scoring.rule != "mean" and levels is not None and isinstance(engine, LevelEngine):
        return _by_levels(rater, corpus, engine, levels, run)
    return _by_samples(rater, corpus, run)


def _by_levels(rater: "Rater", corpus: Corpus, engine: LevelEngine, levels: Sequence[Label], run: Run) -> Ratings:
    """Score each item with the probabilities of the levels after the rater's own rationale."""
    if rater.order == "label":
        said = Ratings(tuple(Rating(item.id, None, "", "") for item in corpus))
    else:
        said = rate_replies(rater, corpus, run.sampling, journal=run.journal, progress=run.progress)
    if rater.order == "rationale_label":
        wanted = [place for place, rating in enumerate(said) if rating.label is not None]
    else:
        wanted = [place for place, rating in enumerate(said) if not rating.error]
    found = list(said)
    for start in range(0, len(wanted), _CHUNK):
        places = wanted[start : start + _CHUNK]
        prompts = [rater.prompt(corpus[place].fields) for place in places]
        replies = [[rater.reply(_before(rater, said[place]), level) for level in levels] for place in places]
        for place, logs in zip(places, engine.choice_log_probabilities(prompts, replies), strict=True):
            if logs is None:
                error = "context_length: the prompt and the rationale exceed the model's context"
                found[place] = replace(said[place], label=None, unparsed="error", error=error)
            else:
                shares = dict(zip(levels, softmax(logs), strict=True))
                found[place] = _scored(said[place], score(shares, rater.scoring.rule, rater.scale))
        if run.progress is not None:
            run.progress(len(said) - len(wanted) + start + len(places), len(said), "")
    return Ratings(tuple(found), said.prompt_tokens, said.completion_tokens)


def _before(rater: "Rater", rating: Rating) -> str:
    """Return the rationale that stands before the label."""
    return rating.rationale if rater.order == "rationale_label" else ""


def _by_samples(rater: "Rater", corpus: Corpus, run: Run) -> Ratings:
    """Score each item with the shares of the labels among several replies; those in the journal are not asked again."""
    sampling = replace(run.sampling, temperature=1.0)
    source = Source(identity(rater.lm), sampling.to_dict())
    count = rater.scoring.samples
    prompts = [rater.prompt(item.fields) for item in corpus]
    found: dict[int, Rating] = {}
    known: dict[int, list[Draw]] = {}
    asks: list[Ask] = []
    asked: list[int] = []
    for place, prompt in enumerate(prompts):
        recorded = [] if run.journal is None else run.journal.draws(source, prompt.sha256)
        known[place] = [draw for draw in recorded if draw.index < count]
        missing = set(range(count)) - {draw.index for draw in known[place]}
        if missing:
            asks.append(Ask(prompt, tuple(sorted(missing))))
            asked.append(place)
        else:
            found[place] = _summary(rater, corpus[place].id, known[place], "")
    if run.progress is not None:
        run.progress(len(found), len(prompts), "")
    spent = [0, 0]
    for number, completions in complete(rater.lm, asks, sampling):
        place = asked[number]
        error = ""
        for index, completion in zip(asks[number].draws, completions, strict=True):
            spent = [spent[0] + completion.prompt_tokens, spent[1] + completion.completion_tokens]
            if completion.error:
                error = completion.error
                continue
            draw = draw_of(rater, corpus[place].id, prompts[place].sha256, index, completion)
            known[place].append(draw)
            if run.journal is not None:
                run.journal.record(source, [draw])
        found[place] = _summary(rater, corpus[place].id, known[place], error)
        if run.progress is not None:
            run.progress(len(found), len(prompts), "")
    return Ratings(tuple(found[place] for place in range(len(prompts))), *spent)


def _summary(rater: "Rater", item_id: str, draws: Sequence[Draw], error: str) -> Rating:
    """Make one rating of an item's draws: the rationale is that of the first draw nearest to the score."""
    drawn = sorted(draws, key=lambda draw: draw.index)
    counts = Counter(draw.label for draw in drawn if draw.label is not None)
    if not counts:
        reasons = Counter(draw.reason for draw in drawn)
        reason = reasons.most_common(1)[0][0] if reasons else "error"
        return Rating(item_id, None, "", reason, "" if reasons else error)
    made = score(counts, rater.scoring.rule, rater.scale)
    heard = [draw for draw in drawn if draw.label is not None]
    nearest = min(heard, key=lambda draw: abs(rater.scale.value(_label(draw)) - made.value))
    return _scored(Rating(item_id, None, nearest.rationale, ""), made)


def _label(draw: Draw) -> Label:
    if draw.label is None:
        raise ValueError("a draw without a label has no place on the scale")
    return draw.label


def _scored(rating: Rating, made: Score) -> Rating:
    return replace(rating, label=made.label, unparsed="", score=made.value, distribution=made.distribution)
