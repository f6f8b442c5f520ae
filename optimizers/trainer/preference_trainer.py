"""Knows how to train on pairs of a better and a worse reply that are token ids already; knows no raters."""

from typing import Any

import torch
from trl.trainer.dpo_trainer import DPOTrainer

from .row_order import RowOrder

_WEIGHT = "weight"


class PairTrainer(DPOTrainer):
    """A `DPOTrainer` for rows that are encoded already: ``prompt_ids``, ``chosen_ids``, ``rejected_ids``.

    TRL would render and encode text, and a training row must have the bytes of a request at deployment. The loss of a
    step is the mean over its pairs of the first loss type, which compares them, plus the mean over the tokens of its
    better replies of the second, their cross-entropy, each pair counted with its weight. How a step is cut into batches
    does not change that; TRL would average the batches' means.

    TRL's losses know no weights, and are means over a batch: pairs with weights go through the model one by one.

    Args:
        *args: As for `DPOTrainer`. Where pairs have a weight, the dataset has it as ``weight``, and
            ``remove_unused_columns=False``.
        order: In which the rows are trained on; the trainer's own by default.
        dev_tokens: Tokens of an average better reply of the evaluation dataset, where there is one.
        **options: As for `DPOTrainer`; the loss types are one that compares, and ``sft``.
    """

    loss_is_scaled_for_ga = True

    def __init__(
        self, *args: Any, order: RowOrder | None = None, dev_tokens: float | None = None, **options: Any
    ) -> None:
        """Keep the order."""
        super().__init__(*args, **options)
        self.order = order
        self.dev_tokens = dev_tokens
        self._in_step: Any = None
        self._measuring = False
        self.data_collator = _weighed(self.data_collator)

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: torch.device) -> Any:
        """Collect the batches of a step, and count its pairs and the tokens of their better replies."""
        batches, tokens = super().get_batch_samples(epoch_iterator, num_batches, device)
        count = torch.tensor([_counts(batch) for batch in batches], device=device).sum(dim=0, keepdim=True)
        everywhere: Any = self.accelerator.gather(count)
        self._in_step = everywhere.sum(dim=0)
        return batches, tokens

    def compute_loss(
        self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return this batch's share of the loss of its step, or of the evaluation dataset."""
        batch = dict(inputs)
        weights = batch.pop(_WEIGHT, torch.ones(1)).tolist()
        if len(weights) > 1 and self._in_step is not None and not self._measuring:
            # Also where these pairs weigh the same: TRL gathers what it logs, as often in one process as in another.
            ones = [{**_pair(batch, place), _WEIGHT: torch.tensor([weight])} for place, weight in enumerate(weights)]
            return torch.stack([self.compute_loss(model, one) for one in ones]).sum()
        pairs, tokens = _counts(batch)
        if self._measuring and self.dev_tokens is not None:
            self.loss_weights = [1.0, tokens / (self.dev_tokens * pairs)]
        elif self._in_step is not None and not self._measuring:
            # With several processes gradients are averaged, and each has only a share of the whole.
            share = torch.tensor([pairs, tokens], device=self._in_step.device) * self.accelerator.num_processes
            self.loss_weights = (weights[0] * share / self._in_step).tolist()
        return super().compute_loss(model, batch, return_outputs, num_items_in_batch)

    def prediction_step(self, *args: Any, **options: Any) -> Any:
        """Measure a batch of the evaluation dataset; how it is cut into batches does not change its loss."""
        self._measuring = True
        try:
            return super().prediction_step(*args, **options)
        finally:
            self._measuring = False

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return super()._get_train_sampler(train_dataset) if self.order is None else self.order

    def _prepare_dataset(self, dataset: Any, *_: Any, **__: Any) -> Any:
        """Return the dataset as it is: there is no option to have it left alone."""
        return dataset


def _weighed(collate: Any) -> Any:
    """Return a collator that hands on what the pairs weigh."""

    def collate_with_weights(examples: list[dict[str, Any]]) -> dict[str, Any]:
        batch = collate(examples)
        if _WEIGHT in examples[0]:
            batch = {**batch, _WEIGHT: torch.tensor([example[_WEIGHT] for example in examples])}
        return batch

    return collate_with_weights


def _pair(batch: Any, place: int) -> dict[str, Any]:
    """Return one pair of a batch as a batch of its own."""
    better, worse = place, place + len(batch["input_ids"]) // 2
    return {name: values[[better, worse]] for name, values in batch.items()}


def _counts(batch: Any) -> tuple[int, int]:
    """Return how many pairs a batch has, and the tokens of their better replies that are predicted.

    TRL puts the better replies of a batch before the worse ones.
    """
    better = batch["completion_mask"].chunk(2)[0]
    return len(better), int(better[:, 1:].sum())
