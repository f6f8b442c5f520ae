"""Knows how to compute the loss of completions to prompts that begin alike without doing work twice; knows no raters.

Two savings over the plain trainer, neither of which changes the loss (up to the rounding of the arithmetic):

- The tokens that all prompts begin with (a guideline) go through the model once a step instead of once a row. Their
  keys and values are shared by the rows, and the gradient flows back through them.
- Logits are computed only where a completion's token is predicted. With a vocabulary of 49,152 and 576 dimensions the
  output layer is a fifth of the model's arithmetic.
"""

from collections.abc import Sequence
from typing import Any

import torch
from trl.trainer.sft_trainer import SFTTrainer

from ..training_jobs import IGNORED, Row
from .prefix_attention import PrefixLayout, laid_out, lies_together
from .regression_loss import branches, squared_error
from .row_order import RowOrder


class CompletionTrainer(SFTTrainer):
    """An `SFTTrainer` for rows that are padded on the right and begin with the same `prefix` tokens.

    The loss of a step is the mean cross-entropy of its completions' tokens, each counted with its row's weight, plus
    the mean over its rows of what their aims ask for, counted likewise. A step is all that is accumulated before the
    weights move: how it is cut into batches does not change the loss.

    Args:
        *args: As for `SFTTrainer`.
        prefix: How many tokens all rows begin with; fewer than any prompt has. 0 shares nothing.
        rows: The rows of the dataset, where some have a weight or an aim. The dataset then has their numbers as ``row``
            and ``remove_unused_columns=False``.
        order: In which the rows are trained on; the trainer's own by default.
        dev_tokens: Completion tokens of an average row of the evaluation dataset, where there is one.
        **options: As for `SFTTrainer`.
    """

    def __init__(
        self,
        *args: Any,
        prefix: int = 0,
        rows: Sequence[Row] | None = None,
        order: RowOrder | None = None,
        dev_tokens: float | None = None,
        **options: Any,
    ) -> None:
        """Let the output layer see only the positions that a loss asks for."""
        super().__init__(*args, **options)
        self.prefix = prefix
        self.rows = rows
        self.order = order
        self.dev_tokens = dev_tokens
        self._predicting: torch.Tensor | None = None
        self._rows_in_step: Any = None
        self._measuring = False
        model: Any = self.model
        model.get_output_embeddings().register_forward_pre_hook(self._only_predicting)
        if rows is not None:
            self.data_collator = _numbered(self.data_collator)

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return super()._get_train_sampler(train_dataset) if self.order is None else self.order

    def prediction_step(self, *args: Any, **options: Any) -> Any:
        """Measure a batch of the evaluation dataset; how it is cut into batches does not change its loss."""
        self._measuring = True
        try:
            return super().prediction_step(*args, **options)
        finally:
            self._measuring = False

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: torch.device) -> Any:
        """Collect the batches of a step, and count its rows beside its tokens."""
        batches, tokens = super().get_batch_samples(epoch_iterator, num_batches, device)
        count = torch.tensor(sum(len(batch["input_ids"]) for batch in batches), device=device)
        everywhere: Any = self.accelerator.gather(count)
        self._rows_in_step = everywhere.sum()
        return batches, tokens

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return this batch's share of the step's loss; without a count of the step's tokens, the batch's own loss."""
        if self._measuring:
            num_items_in_batch = None  # were one given, it would come with the rows of the last step of training
        ids, mask, labels = inputs["input_ids"], inputs["attention_mask"], inputs["labels"]
        following = torch.nn.functional.pad(labels, (0, 1), value=IGNORED)[:, 1:]
        counted = following != IGNORED
        outputs = self._forward(model, ids, mask, counted)
        # In double precision only where the model is: tests compare gradients with differences.
        logits = outputs.logits.to(torch.promote_types(outputs.logits.dtype, torch.float32))
        tokens = counted.sum() if num_items_in_batch is None else num_items_in_batch
        if self._measuring and self.dev_tokens is not None:
            tokens = self.dev_tokens * len(ids)  # the mean of such batches, weighted by rows, is that of all tokens
        if self.rows is None:
            loss = torch.nn.functional.cross_entropy(logits, following[counted], reduction="sum") / tokens
        else:
            rows = [self.rows[number] for number in inputs["row"].tolist()]
            count = len(rows) if num_items_in_batch is None else self._rows_in_step
            weights = torch.tensor([row.weight for row in rows], dtype=logits.dtype, device=logits.device)
            each = torch.nn.functional.cross_entropy(logits, following[counted], reduction="none")
            loss = (each * weights[counted.nonzero()[:, 0]]).sum() / tokens
            if any(row.aim is not None for row in rows):
                loss = loss + (self._errors(model, rows, logits) * weights).sum() / count
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes  # whose gradients are averaged, each a share of the whole
        return (loss, outputs) if return_outputs else loss

    def _errors(self, model: Any, rows: Sequence[Row], logits: torch.Tensor) -> torch.Tensor:
        """Return the error of each row's aim, 0 where it has none, given the logits of all completions' tokens."""
        written = logits.split([len(row.completion) for row in rows])
        read: list[dict[tuple[int, ...], torch.Tensor]] = [{} for _ in rows]
        wanted = branches(rows)
        if wanted:
            texts = [[*branch.begun, *branch.path] for branch in wanted]
            ids = torch.zeros((len(texts), max(map(len, texts))), dtype=torch.long, device=logits.device)
            mask, seen = torch.zeros_like(ids), torch.zeros_like(ids, dtype=torch.bool)
            for place, (text, branch) in enumerate(zip(texts, wanted, strict=True)):
                ids[place, : len(text)] = torch.tensor(text)
                mask[place, : len(text)] = 1
                seen[place, len(branch.begun) : len(text)] = True
            found = self._forward(model, ids, mask, seen).logits.to(logits.dtype)
            for branch, part in zip(wanted, found.split([len(branch.path) for branch in wanted]), strict=True):
                read[branch.row][branch.path] = part
        return torch.stack(
            [
                logits.new_zeros(()) if row.aim is None else squared_error(row, written[number], read[number])
                for number, row in enumerate(rows)
            ]
        )

    def _forward(self, model: Any, ids: torch.Tensor, mask: torch.Tensor, wanted: torch.Tensor) -> Any:
        """Run texts through the model; its logits are those at the wanted places alone, one after the other."""
        options: dict[str, Any] = {"use_cache": False}
        try:
            if self.prefix and lies_together(model, ids.shape[1]):
                layout = PrefixLayout(self.prefix, len(ids), ids.shape[1] - self.prefix)
                self._predicting = layout.ids(wanted)
                with laid_out(model, layout):
                    return model(input_ids=layout.ids(ids), position_ids=layout.positions(ids.device), **options)
            if self.prefix:
                self._predicting = torch.zeros_like(ids[:1, : self.prefix], dtype=torch.bool)
                shared = model(input_ids=ids[:1, : self.prefix], use_cache=True).past_key_values
                shared.batch_repeat_interleave(len(ids))
                options = {"use_cache": True, "past_key_values": shared}
            self._predicting = wanted[:, self.prefix :]
            return model(input_ids=ids[:, self.prefix :], attention_mask=mask, **options)
        finally:
            self._predicting = None

    def _only_predicting(self, layer: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """Hand the output layer the wanted positions as one matrix (a strided one would copy the weights)."""
        return arguments if self._predicting is None else (arguments[0][self._predicting],)


def _numbered(collate: Any) -> Any:
    """Return a collator that hands on which rows a batch is made of."""

    def collate_with_numbers(examples: list[dict[str, Any]]) -> dict[str, Any]:
        return {**collate(examples), "row": torch.tensor([example["row"] for example in examples])}

    return collate_with_numbers
