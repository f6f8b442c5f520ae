"""Knows how a rater rates a whole corpus by its replies, resumably; does not know whether the ratings are any good."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

from ...data import Corpus, Draw, Journal, Label, Source
from ..adapter import Completion, Unparsed, well_formed
from ..completions import NOT_ASKED, Ask, Sampling, complete, identity
from .asked import Asked

Progress = Callable[[int, int, str], None]
"""Called with (done, total, a short note) as a long stage goes on."""


@dataclass(frozen=True)
class Rating:
    """What the rater said of one item.

    Attributes:
        item_id: Whose rating it is.
        label: The label, or None.
        rationale: The reasoning, possibly empty.
        unparsed: Empty, or why there is no label.
        error: What went wrong with the request, where ``unparsed`` is ``error``.
        score: Where the rater scores between the levels (see `Scoring`): the value on the scale; `label` is the level
            nearest to it.
        distribution: Probability of each label that `score`, or the likeliest label, was made from.
        level_mass: Probability that a server showed on all levels together, before it was brought to 1; None where it
            is not known.
        sampled: Why the score was made of several replies though probabilities of levels were wanted (see `Scoring`);
            empty where it was not.
    """

    item_id: str
    label: Label | None
    rationale: str
    unparsed: str
    error: str = ""
    score: float | None = None
    distribution: Mapping[Label, float] | None = None
    level_mass: float | None = None
    sampled: str = ""

    @property
    def asked(self) -> bool:
        """Whether the model was asked, now or before; else its budget did not allow it."""
        return not self.error.startswith(NOT_ASKED)

    @property
    def confidence(self) -> float | None:
        """Probability of the label that is given, in the distribution; None where there is none."""
        if self.distribution is None or self.label is None:
            return None
        return self.distribution.get(self.label, 0.0)


@dataclass(frozen=True)
class Ratings(Sequence[Rating]):
    """The ratings of a corpus, in its order.

    Attributes:
        ratings: One for each item.
        prompt_tokens: Tokens sent in this run (ratings from a journal cost none).
        completion_tokens: Tokens received in this run.
    """

    ratings: tuple[Rating, ...]
    prompt_tokens: int = 0
    completion_tokens: int = 0

    @overload
    def __getitem__(self, index: int) -> Rating: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Rating, ...]: ...
    def __getitem__(self, index: int | slice) -> Rating | tuple[Rating, ...]:
        """Return one rating, or a tuple of them."""
        return self.ratings[index]

    def __len__(self) -> int:
        """Return how many items were rated."""
        return len(self.ratings)

    def __iter__(self) -> Iterator[Rating]:
        """Iterate in the corpus's order."""
        return iter(self.ratings)

    @property
    def labels(self) -> list[Label | None]:
        """The labels in the corpus's order, None where a reply could not be parsed."""
        return [rating.label for rating in self.ratings]

    @property
    def scores(self) -> list[float | None]:
        """The scores in the corpus's order, None where there is no label and for a rater that gives labels alone."""
        return [rating.score for rating in self.ratings]

    @property
    def unparsed(self) -> Counter[str]:
        """How many items have no label, by reason."""
        return Counter(rating.unparsed for rating in self.ratings if rating.label is None)

    @property
    def sampled(self) -> Counter[str]:
        """How many items were scored by several replies for want of probabilities of levels, by reason."""
        return Counter(rating.sampled for rating in self.ratings if rating.sampled)


def rate_replies(
    rater: Asked, corpus: Corpus, sampling: Sampling, *, journal: Journal | None, progress: Progress | None
) -> Ratings:
    """Rate every item as the rater's one reply says; the arguments are those of `rate`."""
    source = Source(identity(rater.lm), sampling.to_dict())
    prompts = [rater.prompt(item.fields) for item in corpus]
    found: dict[int, Rating] = {}
    if journal is not None:
        recorded = journal.draws_of(source, [prompt.sha256 for prompt in prompts])
        for place, (_, draws) in enumerate(recorded):
            for draw in (recalled(rater, one) for one in draws[:1]):
                found[place] = Rating(corpus[place].id, draw.label, draw.rationale, draw.reason)
    wanted = [place for place in range(len(prompts)) if place not in found]
    spent = [0, 0]
    if progress is not None:
        progress(len(found), len(prompts), "")
    for number, (completion,) in complete(rater.lm, [Ask(prompts[place]) for place in wanted], sampling):
        place = wanted[number]
        draw = draw_of(rater, corpus[place].id, prompts[place].sha256, 0, completion)
        if journal is not None and not completion.error:
            journal.record(source, [draw])
        found[place] = Rating(draw.item_id, draw.label, draw.rationale, draw.reason, completion.error)
        spent = [spent[0] + completion.prompt_tokens, spent[1] + completion.completion_tokens]
        if progress is not None:
            progress(len(found), len(prompts), "")
    return Ratings(tuple(found[place] for place in range(len(prompts))), *spent)


def recalled(rater: Asked, draw: Draw) -> Draw:
    """Return a recorded draw as the rater reads it now: a checklist's label is computed anew from its answers.

    What a checklist's answers stand for is no part of the prompt that the journal knows a draw by.
    """
    if rater.checklist is None:
        return draw
    said = Completion(draw.text, draw.thinking, draw.finish_reason, draw.prompt_tokens, draw.completion_tokens)
    return draw_of(rater, draw.item_id, draw.prompt, draw.index, said)


def draw_of(rater: Asked, item_id: str, prompt: str, index: int, completion: Completion) -> Draw:
    """Parse a completion with the rater's adapter into the record that the journal keeps."""
    reply = rater.read(completion)
    label, reason = (None, reply.label.reason) if isinstance(reply.label, Unparsed) else (reply.label, "")
    return Draw(
        item_id=item_id,
        prompt=prompt,
        index=index,
        label=label,
        rationale=well_formed(reply.rationale),
        reason=reason,
        text=well_formed(completion.text),
        thinking=well_formed(completion.thinking),
        finish_reason=completion.finish_reason,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
    )
