"""Knows how a local model's probabilities of whole replies are read in batches; does not know what they are for."""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

from .chat_template import encode_reply
from .continuous_batching import JointDecoder
from .first_difference import common_start, level_choice, written_alike


class LevelReader:
    """Reads ln p(reply | prompt) of a few replies to each of many prompts.

    Args:
        tokenizer: The model's.
        decoder: What reads.
        context: Tokens that the model can hold of prompt and reply together.
        max_rows: Prompts read together.
        max_tokens: Tokens read together.
    """

    def __init__(self, tokenizer: Any, decoder: JointDecoder, *, context: int, max_rows: int, max_tokens: int) -> None:
        """Remember the model."""
        self._tokenizer = tokenizer
        self._decoder = decoder
        self._context = context
        self._max_rows = max_rows
        self._max_tokens = max_tokens

    def of_replies(self, prompts: Sequence[Sequence[int]], replies: Sequence[str]) -> list[list[float]]:
        """Return ln p of the same whole replies for each prompt; what all begin with is taken as given.

        Args:
            prompts: Token ids, up to where the reply begins.
            replies: The candidates, without the end of the turn, which is only read where one begins another: "1" would
                else never be less likely than "10".

        Returns:
            For each prompt as many numbers as there are replies, all of them -inf where they exceed the model's context
            with it: it cannot write them.

        Raises:
            SetupError: If the tokenizer writes two replies alike.
        """
        candidates = [encode_reply(self._tokenizer, reply) for reply in replies]
        for place, ids in enumerate(candidates):
            if candidates.count(ids) > 1:
                raise written_alike(place, len(candidates))
        if _one_begins_another(candidates) and self._tokenizer.eos_token_id is not None:
            candidates = [[*ids, self._tokenizer.eos_token_id] for ids in candidates]
        given = common_start(candidates)
        begun = [[*ids, *candidates[0][:given]] for ids in prompts]
        tails = [ids[given:] for ids in candidates]
        lengths = [len(ids) + max(map(len, tails)) for ids in begun]
        scores = [[-math.inf] * len(candidates) for _ in prompts]
        fits = [number for number in range(len(prompts)) if lengths[number] <= self._context]
        for batch in self._batches(sorted(fits, key=lambda number: lengths[number]), lengths):
            for number, row in zip(batch, self._read([begun[number] for number in batch], tails), strict=True):
                scores[number] = row
        return scores

    def of_choices(
        self, prompts: Sequence[Sequence[int]], replies: Sequence[Sequence[str]]
    ) -> list[list[float] | None]:
        """Return ln p of each prompt's own replies, each read as far as tells it from the others (`level_choice`).

        Args:
            prompts: Token ids, up to where the reply begins.
            replies: For each prompt the same reply once for each level.

        Returns:
            For each prompt as many numbers as it has replies, None where it exceeds the model's context.

        Raises:
            SetupError: If the tokenizer writes two levels alike.
        """
        choices = [level_choice(self._tokenizer, given) for given in replies]
        begun = [[*ids, *choice.start] for ids, choice in zip(prompts, choices, strict=True)]
        lengths = [len(ids) + max(map(len, choice.tails)) for ids, choice in zip(begun, choices, strict=True)]
        scores: list[list[float] | None] = [None] * len(prompts)
        fits = [number for number in range(len(prompts)) if lengths[number] <= self._context]
        fits.sort(key=lambda number: (choices[number].tails, lengths[number]))
        # A batch shares its tails; they differ only where a tokenizer joins the label with what stands before it.
        for tails, group in groupby(fits, key=lambda number: choices[number].tails):
            for batch in self._batches(list(group), lengths):
                for number, row in zip(batch, self._read([begun[number] for number in batch], tails), strict=True):
                    scores[number] = row
        return scores

    def _read(self, begun: Sequence[Sequence[int]], tails: Sequence[Sequence[int]]) -> list[list[float]]:
        return self._decoder.run(lambda decoder: decoder.log_probabilities(begun, tails))

    def _batches(self, numbers: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
        """Cut numbers, those of short texts first, into batches bounded in rows and in tokens."""
        batch: list[int] = []
        for number in numbers:
            if batch and (len(batch) == self._max_rows or (len(batch) + 1) * lengths[number] > self._max_tokens):
                yield batch
                batch = []
            batch.append(number)
        if batch:
            yield batch


def _one_begins_another(candidates: Sequence[Sequence[int]]) -> bool:
    ordered = sorted(map(tuple, candidates))
    return any(later[: len(one)] == one for one, later in pairwise(ordered))
