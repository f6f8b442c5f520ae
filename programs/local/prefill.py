"""Knows how to read prompts together, each once, and what they share once for all; knows nothing about raters."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

from .first_difference import common_start
from .running_batch import Begun, RunningBatch, joinable
from .sequence_request import SequenceRow

_COUNTS_COLUMNS = frozenset({"gpt_neo", "mpt"})
"""Models with layers of full attention that count columns of the cache, and not positions, for a window or a bias."""

_FEW, _NEAR = 8, 1.25
"""Texts that are read together however long, and how much longer the longest of more may be than the shortest."""


class Decoder:
    """Reads the prompts of a causal language model for draws and for log-probabilities.

    Three things make it worth its lines beside ``model.generate``: a draw depends on its own seed and not on the batch
    it happens to be in; a prompt is read once however many draws are wanted of it, and a prefix that all prompts share
    (a guideline) once for all of them; rows join and leave a batch as they come and end.
    """

    def __init__(self, model: Any, stop_ids: Sequence[int], pad_id: int) -> None:
        """Remember the model, the ids that end a reply, and the id used as padding."""
        self.model = model
        self.stop_ids = frozenset(stop_ids)
        self.pad_id = pad_id
        self._prefix: list[int] = []
        self._prefix_cache: DynamicCache | None = None

    def batch(self) -> RunningBatch:
        """Return a batch without rows."""
        return RunningBatch(self.model, self.stop_ids)

    @torch.inference_mode()
    def join(
        self, batch: RunningBatch, prompts: Sequence[Sequence[int]], draws: Sequence[Sequence[SequenceRow]]
    ) -> None:
        """Read prompts and put the draws of each into a running batch; if the reading fails the batch is as it was.

        Args:
            batch: One that is open.
            prompts: Token ids, at least one each.
            draws: The rows wanted of each prompt.
        """
        begun = self._prefill(prompts)
        begun.select(torch.tensor([number for number, rows in enumerate(draws) for _ in rows]))
        batch.join(begun, [row for rows in draws for row in rows])

    @torch.inference_mode()
    def log_probabilities(
        self, prompts: Sequence[Sequence[int]], continuations: Sequence[Sequence[int]]
    ) -> list[list[float]]:
        """Return ln p(continuation | prompt) for each prompt and each of a few short continuations.

        Args:
            prompts: Token ids, at least one each.
            continuations: Token ids of each candidate, at least one each; the same for all prompts.
        """
        scores: list[list[float]] = [[0.0] * len(continuations) for _ in prompts]
        begun = self._prefill(prompts)
        first = torch.log_softmax(begun.logits.float(), dim=-1)
        for column, ids in enumerate(continuations):
            for number in range(len(prompts)):
                scores[number][column] = float(first[number, ids[0]])
        by_body: dict[tuple[int, ...], list[int]] = {}
        for column, ids in enumerate(continuations):
            if len(ids) > 1:
                by_body.setdefault(tuple(ids[:-1]), []).append(column)
        for ids, columns in by_body.items():
            forked = _copy(begun.cache)
            body = torch.tensor([list(ids)] * len(prompts), device=self.model.device)
            steps = torch.arange(body.shape[1])
            output = self.model(
                input_ids=body,
                attention_mask=torch.cat([begun.mask, begun.mask.new_ones(body.shape)], dim=1).to(self.model.device),
                position_ids=(begun.position[:, None] + steps).to(self.model.device),
                past_key_values=forked,
                use_cache=True,
            )
            following = torch.log_softmax(output.logits.float(), dim=-1)
            for number in range(len(prompts)):
                for column in columns:
                    for step, token in enumerate(continuations[column][1:]):
                        scores[number][column] += float(following[number, step, token])
        return scores

    def _prefill(self, prompts: Sequence[Sequence[int]]) -> Begun:
        """Read all prompts, those of like length together; only of one length, where a gap after a prefix counts."""
        cache, shared = self._prefilled_prefix(prompts)
        exact = bool(shared) and self._counts_columns(cache)
        groups = _alike([len(prompt) - shared for prompt in prompts], exact=exact)
        if len(groups) == 1:
            return self._read(prompts, cache, shared)
        if not joinable(cache):
            return self._read(
                prompts, DynamicCache(config=self.model.config) if exact else cache, 0 if exact else shared
            )
        begun, *others = (self._read([prompts[number] for number in group], _copy(cache), shared) for group in groups)
        begun.append(*others)
        begun.select(torch.tensor([number for group in groups for number in group]).argsort())
        return begun

    def _counts_columns(self, cache: DynamicCache) -> bool:
        """Return whether padding between two tokens of a text would put them further apart."""
        sliding = any(getattr(layer, "is_sliding", False) for layer in cache.layers)
        return sliding or self.model.config.model_type in _COUNTS_COLUMNS

    def _read(self, prompts: Sequence[Sequence[int]], cache: DynamicCache, shared: int) -> Begun:
        """Read prompts together after the tokens in the cache that they share, each padded where it goes on."""
        rests = [list(prompt[shared:]) for prompt in prompts]
        width = max(len(rest) for rest in rests)
        ids = torch.full((len(rests), width), self.pad_id)
        mask = torch.zeros((len(rests), shared + width), dtype=torch.long)
        positions = torch.zeros((len(rests), width), dtype=torch.long)
        mask[:, :shared] = 1
        for number, rest in enumerate(rests):
            ids[number, width - len(rest) :] = torch.tensor(rest)
            mask[number, shared + width - len(rest) :] = 1
            positions[number, width - len(rest) :] = torch.arange(shared, shared + len(rest))
        if shared:
            cache.batch_repeat_interleave(len(rests))
        output = self.model(
            input_ids=ids.to(self.model.device),
            attention_mask=mask.to(self.model.device),
            position_ids=positions.to(self.model.device),
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return Begun(output.logits[:, -1], cache, positions[:, -1] + 1, mask)

    def _prefilled_prefix(self, prompts: Sequence[Sequence[int]]) -> tuple[DynamicCache, int]:
        """Return a fresh cache that holds the tokens all prompts begin with, and how many they are."""
        known = len(self._prefix)
        shared = common_start(prompts)
        near = len(prompts) == 1 or shared <= known + 8
        if self._prefix_cache is not None and known <= shared and near and self._starts(prompts):
            return _copy(self._prefix_cache), known
        if len(prompts) == 1 or shared < 16:  # nothing to share, or less than the extra forward pass costs
            return DynamicCache(config=self.model.config), 0
        prefix = list(prompts[0][:shared])
        fresh = DynamicCache(config=self.model.config)
        ids = torch.tensor([prefix], device=self.model.device)
        self.model(input_ids=ids, past_key_values=fresh, use_cache=True, logits_to_keep=1)
        self._prefix, self._prefix_cache = prefix, fresh
        return _copy(self._prefix_cache), shared

    def _starts(self, prompts: Sequence[Sequence[int]]) -> bool:
        return all(list(prompt[: len(self._prefix)]) == self._prefix for prompt in prompts)


def _alike(lengths: Sequence[int], *, exact: bool) -> list[list[int]]:
    """Return the numbers of texts in groups of like length: reading costs as many tokens as the longest has, for each.

    Args:
        lengths: Tokens to be read of each text.
        exact: Whether only texts of one length may be together.
    """
    groups: list[list[int]] = []
    for number in sorted(range(len(lengths)), key=lambda number: lengths[number]):
        first = lengths[groups[-1][0]] if groups else -1
        alike = lengths[number] == first if exact else lengths[number] <= _NEAR * first
        if groups and (alike or (not exact and len(groups[-1]) < _FEW)):
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def is_recurrent(model: Any) -> bool:
    """Return whether any of a model's layers keeps a state instead of keys and values, as in Mamba."""
    # The models say so themselves, but for some that mix attention with convolutions; their caches do.
    return bool(getattr(model, "_is_stateful", False)) or any(
        hasattr(layer, "update_conv_state") for layer in DynamicCache(config=model.config).layers
    )


def _copy(cache: DynamicCache) -> DynamicCache:
    """Return a cache of its own, so that the original can be used again."""
    return copy.deepcopy(cache)
