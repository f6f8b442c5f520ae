"""Knows how a loaded rater answers a batch of prompts, with probabilities where its model gives them; knows no HTTP."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ...data import Corpus, Item, Label, SetupError
from ...programs import (
    Ask,
    BatchEngine,
    Completion,
    LevelEngine,
    LevelWeights,
    Prompt,
    Rater,
    Sampling,
    StreamingEngine,
    alternatives_for,
    complete,
    draw_of,
    gives_logprobs,
    weigh_levels,
    well_formed,
)
from ...programs.rating import softmax
from .batching import Lanes

_MOST_LEVELS = 101
"""Of a scale whose levels' probabilities are computed: levels of several tokens cost a forward pass each."""


@dataclass(frozen=True)
class RaterQuestion:
    """An item, as it was sent and as the rater's model sees it, and whether the levels' probabilities are wanted."""

    fields: Mapping[str, str]
    prompt: Prompt
    distribution: bool = True


@dataclass(frozen=True)
class RaterAnswer:
    """What the rater said of one item.

    Attributes:
        label: The label, or None.
        rationale: The reasoning, possibly empty.
        unparsed: Empty, or why there is no label.
        text: The visible reply as it came; of a rater that scores, the reasoning of its one reply.
        error: What went wrong with the model's call, where ``unparsed`` is ``error``.
        score: The value between the levels of a rater that scores, or None.
        distribution: Probability of each level as it is written, or None where the model cannot say.
        prompt_tokens: Tokens sent.
        completion_tokens: Tokens received.
        finish_reason: ``stop``, ``length`` or what the model's server said.
    """

    label: Label | None
    rationale: str
    unparsed: str
    text: str = ""
    error: str = ""
    score: float | None = None
    distribution: Mapping[str, float] | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: str = "stop"


class Answering:
    """Answers as ``accord rate`` does: the same prompts, temperature 0, the same reading of replies, the same scoring.

    Where the model can say, there is also the probability of each level at the place of the label, after the rationale
    that the rater wrote, made to add up to 1. A model in this process weighs every level as it is written; of one on a
    server the log-probabilities that come with its reply are read (`weigh_levels`), and an item whose reply leaves them
    open has none. A rater that scores has the distribution that its score is made of.

    Args:
        rater: Who rates.

    Attributes:
        lanes: How batches are made for the rater's model.
        scores: Whether there are scores between the levels.
    """

    def __init__(self, rater: Rater) -> None:
        """Look at what the rater's model can do."""
        self.rater = rater
        limit = rater.lm.kwargs.get("max_tokens")
        self._sampling = Sampling(temperature=0.0, max_tokens=Sampling.max_tokens if limit is None else int(limit))
        engine = rater.lm.engine
        self._levels = rater.scale.levels_up_to(_MOST_LEVELS)
        self._weighs_all = isinstance(engine, LevelEngine)
        if rater.checklist is not None or (not self._weighs_all and not gives_logprobs(rater.lm)):
            self._levels = ()  # a label that is computed has no place in a reply
        self.scores = rater.scoring.rule != "mode"
        self.lanes = _lanes_for(engine)

    @property
    def weighs(self) -> bool:
        """Whether there are probabilities."""
        return self.scores or len(self._levels) > 0

    def question(self, fields: Mapping[str, str], *, distribution: bool = True) -> RaterQuestion:
        """Render an item."""
        return RaterQuestion(dict(fields), self.rater.prompt(fields), distribution)

    def warm_up(self) -> None:
        """Load the model of a local rater, and see whether it can tell the levels apart; no server is asked."""
        if not isinstance(self.rater.lm.engine, BatchEngine):
            return
        question = self.question(dict.fromkeys(self.rater.fields, "-"))
        for _ in complete(self.rater.lm, [Ask(question.prompt)], replace(self._sampling, max_tokens=1)):
            pass
        try:
            self._distributions([question.prompt], [""])
        except SetupError:
            if self.scores:
                raise
            self._levels = ()

    def __call__(self, questions: Sequence[RaterQuestion]) -> Iterator[tuple[int, RaterAnswer]]:
        """Yield (position, answer) as they come.

        Raises:
            SetupError: If every call would fail: a wrong key or model, a server that is not there.
        """
        if self.scores:
            yield from self._scored(questions)
            return
        weighed: dict[int, RaterAnswer] = {}
        asks = [Ask(question.prompt) for question in questions]
        for number, (completion,) in complete(
            self.rater.lm, asks, self._sampling_for(questions), workers=self.lanes.most
        ):
            answer = self._read(completion)
            if not questions[number].distribution or not self._levels:
                yield number, answer
            elif not self._weighs_all:
                yield number, replace(answer, distribution=self._shown(completion, answer))
            elif self._has_place(answer):
                weighed[number] = answer
            else:
                yield number, answer
        if weighed:
            # Where the label comes first, what is written after it must not be taken as given.
            first = self.rater.order != "rationale_label"
            before = ["" if first else answer.rationale for answer in weighed.values()]
            shares = self._distributions([questions[number].prompt for number in weighed], before)
            for (number, answer), share in zip(weighed.items(), shares, strict=True):
                yield number, replace(answer, distribution=share)

    def _sampling_for(self, questions: Sequence[RaterQuestion]) -> Sampling:
        """Return how a batch is sampled: with log-probabilities where a server is to show them for any of it."""
        if self._weighs_all or not self._levels or not any(question.distribution for question in questions):
            return self._sampling
        return replace(self._sampling, logprobs=alternatives_for(self._levels))

    def _shown(self, completion: Completion, answer: RaterAnswer) -> dict[str, float] | None:
        """Return the distribution that a reply's log-probabilities show, or None."""
        if answer.label is None:
            return None
        seen = weigh_levels(self.rater, completion)
        if not isinstance(seen, LevelWeights):
            return None
        return {self._name(level): share for level, share in seen.distribution.items()}

    def _has_place(self, answer: RaterAnswer) -> bool:
        """Tell whether a label has a place in a reply, so that levels can be weighed there."""
        return not answer.error and (answer.label is not None or self.rater.order != "rationale_label")

    def _read(self, completion: Completion) -> RaterAnswer:
        draw = draw_of(self.rater, "", "", 0, completion)
        return RaterAnswer(
            label=draw.label,
            rationale=draw.rationale,
            unparsed=draw.reason,
            text=draw.text,
            error=well_formed(completion.error),
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
            finish_reason=completion.finish_reason,
        )

    def _scored(self, questions: Sequence[RaterQuestion]) -> Iterator[tuple[int, RaterAnswer]]:
        items = [Item(str(number), question.fields) for number, question in enumerate(questions)]
        ratings = self.rater.rate(Corpus(items, self.rater.scale, self.rater.fields))
        # Tokens are known of the batch only; each item bears an equal share.
        sent, received = (round(total / len(questions)) for total in (ratings.prompt_tokens, ratings.completion_tokens))
        for number, rating in enumerate(ratings):
            # The score is made of the probabilities, whether or not they are wanted beside it.
            shares = rating.distribution if questions[number].distribution else None
            yield (
                number,
                RaterAnswer(
                    label=rating.label,
                    rationale=rating.rationale,
                    unparsed=rating.unparsed,
                    text=rating.rationale,
                    error=well_formed(rating.error),
                    score=rating.score,
                    distribution=None if shares is None else {self._name(level): shares[level] for level in shares},
                    prompt_tokens=sent,
                    completion_tokens=received,
                    finish_reason="length" if rating.unparsed == "truncated" else "stop",
                ),
            )

    def _distributions(self, prompts: Sequence[Prompt], rationales: Sequence[str]) -> list[dict[str, float] | None]:
        """Return the probability of each level after each prompt and rationale, None where they are too long."""
        engine = self.rater.lm.engine
        if not isinstance(engine, LevelEngine) or not self._levels:
            return [None] * len(prompts)
        replies = [[self.rater.reply(rationale, level) for level in self._levels] for rationale in rationales]
        names = [self._name(level) for level in self._levels]
        return [
            None if logs is None else dict(zip(names, softmax(logs), strict=True))
            for logs in engine.choice_log_probabilities(prompts, replies)
        ]

    def _name(self, level: Label) -> str:
        return self.rater.scale.write(level)


def _lanes_for(engine: object) -> Lanes:
    """Return large batches, one by one, for an engine that decodes batches; small ones, many, for one that waits.

    With a server each batch is as slow as its slowest reply, and the engine itself limits what is on its way; an LM of
    DSPy's gets as many threads as there are questions at work.
    """
    if isinstance(engine, BatchEngine):
        return Lanes(count=1, most=64, gather=0.1)
    return Lanes(count=64, most=8) if isinstance(engine, StreamingEngine) else Lanes(count=16, most=8)
