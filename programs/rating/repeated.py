"""Knows how a rater is asked several times about one item, resumably; does not know what its answers come to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ...data import Corpus, Draw, Journal, Source
from ..completions import Ask, Sampling, complete, identity
from .asked import Asked
from .ratings import Progress, Rating, Ratings, draw_of, recalled


@dataclass
class _Repeated:
    """What came of asking several times.

    Attributes:
        draws: Replies by the item's place, by the number of the draw.
        errors: What went wrong last with an item's requests, by its place.
        prompt_tokens: Tokens sent.
        completion_tokens: Tokens received.
    """

    draws: dict[int, dict[int, Draw]] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0


def draw_repeats(
    rater: Asked,
    corpus: Corpus,
    sampling: Sampling,
    count: int,
    *,
    places: Sequence[int],
    journal: Journal | None,
    tell: Callable[[int], None],
) -> _Repeated:
    """Draw so many replies about each item; those in the journal are not asked for again.

    Args:
        rater: Who is asked.
        corpus: The items.
        sampling: How.
        count: Replies an item.
        places: Of the items that are asked about.
        journal: Where replies are kept and found.
        tell: Called with how many of the places are done.
    """
    source = Source(identity(rater.lm), sampling.to_dict())
    prompts = {place: rater.prompt(corpus[place].fields) for place in places}
    found = _Repeated()
    asks: list[Ask] = []
    asked: list[int] = []
    for place, prompt in prompts.items():
        recorded = [] if journal is None else journal.draws(source, prompt.sha256)
        found.draws[place] = {draw.index: recalled(rater, draw) for draw in recorded if draw.index < count}
        missing = tuple(index for index in range(count) if index not in found.draws[place])
        if missing:
            asks.append(Ask(prompt, missing))
            asked.append(place)
    done = len(places) - len(asked)
    tell(done)
    for number, completions in complete(rater.lm, asks, sampling):
        place = asked[number]
        for index, completion in zip(asks[number].draws, completions, strict=True):
            found.prompt_tokens += completion.prompt_tokens
            found.completion_tokens += completion.completion_tokens
            if completion.error:
                found.errors[place] = completion.error
                continue
            draw = draw_of(rater, corpus[place].id, prompts[place].sha256, index, completion)
            found.draws[place][index] = draw
            if journal is not None:
                journal.record(source, [draw])
        done += 1
        tell(done)
    return found


def rate_repeatedly(
    rater: Asked,
    corpus: Corpus,
    repeats: int,
    *,
    temperature: float = 1.0,
    seed: int = 0,
    max_tokens: int | None = None,
    journal: Journal | None = None,
    progress: Progress | None = None,
) -> tuple[Ratings, ...]:
    """Rate every item several times, each time as one reply says, whatever the rater's `Scoring`.

    Where all draws of a prompt are billed together (`shares_prompt`), the repeats of an item are one call.

    Args:
        rater: Who rates.
        corpus: What is rated.
        repeats: How often.
        temperature: Of the replies; at 0 a model that computes alike each time repeats itself.
        seed: Part of the draws' key; the draws are those that `Scoring` takes means of.
        max_tokens: Limit on a reply's tokens; None takes the model's own.
        journal: Where replies are kept and found again.
        progress: Called as items are done.

    Returns:
        One `Ratings` for each repeat, in the corpus's order; the first carries the tokens of all.

    Raises:
        SetupError: If no call can succeed (wrong key or model).
    """
    limit = rater.lm.kwargs.get("max_tokens") if max_tokens is None else max_tokens
    sampling = Sampling(temperature, Sampling.max_tokens if limit is None else limit, seed)

    def tell(done: int) -> None:
        if progress is not None:
            progress(done, len(corpus), "")

    places = range(len(corpus))
    found = draw_repeats(rater, corpus, sampling, repeats, places=places, journal=journal, tell=tell)
    rated = [tuple(_rating(corpus[place].id, found, place, index) for place in places) for index in range(repeats)]
    tokens = [(found.prompt_tokens, found.completion_tokens), *[(0, 0)] * (repeats - 1)]
    return tuple(Ratings(ratings, *spent) for ratings, spent in zip(rated, tokens, strict=True))


def _rating(item_id: str, found: _Repeated, place: int, index: int) -> Rating:
    draw = found.draws[place].get(index)
    if draw is None:
        return Rating(item_id, None, "", "error", found.errors.get(place, ""))
    return Rating(item_id, draw.label, draw.rationale, draw.reason)
