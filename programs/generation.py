"""Knows how to decode many prompts and many seeded draws of each in one batch; knows nothing about raters."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache

_BLOCK = 128


@dataclass
class Row:
    """One draw in the making.

    Attributes:
        uniforms: One number in [0, 1) for each token to come; empty for greedy decoding.
        tokens: The ids drawn so far, without the end-of-sequence id.
        finished: ``stop``, ``length``, or empty while the draw goes on.
    """

    uniforms: np.ndarray
    tokens: list[int] = field(default_factory=list)
    finished: str = ""


class Decoder:
    """Draws continuations of token sequences from a causal language model.

    Three things make it worth its lines beside ``model.generate``: a draw depends on its own seed and not on the batch
    it happens to be in; a prompt is prefilled once however many draws are wanted of it, and a prefix that all prompts
    share (a guideline) once for all of them; rows that have ended leave the batch.
    """

    def __init__(self, model: Any, stop_ids: Sequence[int], pad_id: int) -> None:
        """Remember the model, the ids that end a reply, and the id used as padding."""
        self.model = model
        self.stop_ids = frozenset(stop_ids)
        self.pad_id = pad_id
        self._prefix: list[int] = []
        self._prefix_cache: DynamicCache | None = None

    @torch.inference_mode()
    def decode(
        self, prompts: Sequence[Sequence[int]], seeds: Sequence[Sequence[int]], *, temperature: float, max_tokens: int
    ) -> list[list[Row]]:
        """Draw ``len(seeds[i])`` continuations of each ``prompts[i]``.

        Args:
            prompts: Token ids, at least one each.
            seeds: One seed for each wanted draw of each prompt.
            temperature: Softmax temperature; 0 decodes greedily.
            max_tokens: Limit on new tokens.

        Returns:
            For each prompt its finished rows, in the order of its seeds.
        """
        logits, cache, position, mask = self._prefill(prompts)
        owner = torch.tensor([number for number, wanted in enumerate(seeds) for _ in wanted])
        length = 0 if temperature == 0 else max_tokens
        rows = [Row(np.random.default_rng(seed).random(length)) for wanted in seeds for seed in wanted]
        alive = list(range(len(rows)))
        cache.batch_select_indices(owner)
        logits, position, mask = logits[owner], position[owner], mask[owner]
        for step in range(max_tokens):
            tokens = _choose(logits, [rows[number] for number in alive], step, temperature)
            kept: list[int] = []
            for slot, token in enumerate(tokens):
                row = rows[alive[slot]]
                if token in self.stop_ids:
                    row.finished = "stop"
                    continue
                row.tokens.append(token)
                if step + 1 == max_tokens:
                    row.finished = "length"
                    continue
                kept.append(slot)
            if not kept:
                break
            if len(kept) < len(alive):
                index = torch.tensor(kept)
                cache.batch_select_indices(index)
                position, mask = position[index], mask[index]
                alive = [alive[slot] for slot in kept]
                tokens = [tokens[slot] for slot in kept]
            mask = torch.cat([mask, mask.new_ones(len(alive), 1)], dim=1)
            output = self.model(
                input_ids=torch.tensor(tokens)[:, None].to(self.model.device),
                attention_mask=mask.to(self.model.device),
                position_ids=position[:, None].to(self.model.device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            logits, position = output.logits[:, -1], position + 1
        by_prompt: list[list[Row]] = [[] for _ in prompts]
        for number, row in zip(owner.tolist(), rows, strict=True):
            by_prompt[number].append(row)
        return by_prompt

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
        logits, cache, position, mask = self._prefill(prompts)
        first = torch.log_softmax(logits.float(), dim=-1)
        for column, ids in enumerate(continuations):
            for number in range(len(prompts)):
                scores[number][column] = float(first[number, ids[0]])
        by_body: dict[tuple[int, ...], list[int]] = {}
        for column, ids in enumerate(continuations):
            if len(ids) > 1:
                by_body.setdefault(tuple(ids[:-1]), []).append(column)
        for ids, columns in by_body.items():
            forked = _copy(cache)
            body = torch.tensor([list(ids)] * len(prompts), device=self.model.device)
            steps = torch.arange(body.shape[1])
            output = self.model(
                input_ids=body,
                attention_mask=torch.cat([mask, mask.new_ones(body.shape)], dim=1).to(self.model.device),
                position_ids=(position[:, None] + steps).to(self.model.device),
                past_key_values=forked,
                use_cache=True,
            )
            following = torch.log_softmax(output.logits.float(), dim=-1)
            for number in range(len(prompts)):
                for column in columns:
                    for step, token in enumerate(continuations[column][1:]):
                        scores[number][column] += float(following[number, step, token])
        return scores

    def _prefill(
        self, prompts: Sequence[Sequence[int]]
    ) -> tuple[torch.Tensor, DynamicCache, torch.Tensor, torch.Tensor]:
        """Run all prompts; return the logits after each, the cache, each next position and the attention mask."""
        cache, shared = self._prefilled_prefix(prompts)
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
        return output.logits[:, -1], cache, positions[:, -1] + 1, mask

    def _prefilled_prefix(self, prompts: Sequence[Sequence[int]]) -> tuple[DynamicCache, int]:
        """Return a fresh cache that holds the tokens all prompts begin with, and how many they are."""
        known = len(self._prefix)
        shared = _shared_prefix(prompts)
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


def _copy(cache: DynamicCache) -> DynamicCache:
    """Return a cache of its own, so that the original can be used again."""
    return copy.deepcopy(cache)


def _shared_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """Return how many tokens all prompts begin with, leaving each at least one of its own."""
    limit = min(len(prompt) for prompt in prompts) - 1
    low, high = min(map(list, prompts)), max(map(list, prompts))
    shared = 0
    while shared < limit and low[shared] == high[shared]:
        shared += 1
    return shared


def _choose(logits: torch.Tensor, rows: Sequence[Row], step: int, temperature: float) -> list[int]:
    """Pick each row's next token: the likeliest, or the one its own uniform number falls on (inverse CDF)."""
    if temperature == 0:
        return logits.argmax(dim=-1).tolist()
    scaled = logits if temperature == 1 else logits.float() / temperature
    probabilities = torch.softmax(scaled, dim=-1, dtype=torch.float32)
    # Two levels, blocks and then tokens, so that the sums are short: exact enough in double, and fast.
    short = -probabilities.shape[-1] % _BLOCK
    padded = torch.nn.functional.pad(probabilities, (0, short)) if short else probabilities
    blocks = padded.unflatten(-1, (-1, _BLOCK))
    by_block = blocks.sum(dim=-1).double().cumsum(dim=-1)
    uniforms = torch.tensor([[row.uniforms[step]] for row in rows], dtype=torch.float64, device=logits.device)
    target = uniforms * by_block[:, -1:]
    block = torch.searchsorted(by_block, target, right=True).clamp(max=by_block.shape[-1] - 1)
    before = torch.where(block > 0, by_block.gather(1, (block - 1).clamp(min=0)), 0.0)
    within = blocks[torch.arange(len(rows), device=logits.device), block[:, 0]].double().cumsum(dim=-1)
    offset = torch.searchsorted(within, (target - before).clamp(min=0.0), right=True).clamp(max=_BLOCK - 1)
    return (block * _BLOCK + offset)[:, 0].clamp(max=logits.shape[-1] - 1).tolist()
