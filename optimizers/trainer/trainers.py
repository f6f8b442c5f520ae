"""Knows which trainer learns which rows, and with what settings; does not know where the weights come from or go to.

Rows of like length share a step, so little is padded. TRL's packing and padding-free batches are not used: on a CPU
every token of a packed row attends to a mask of all of them. Tokens a second of CPU time with the embedded model, 16
rows of 180 tokens that begin with the same 100, steps of 8: length groups with that beginning shared 337, without 139,
TRL's trainer with length groups 136, packed (bfd) 88, padding-free 73.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from ...programs import need
from ..training_jobs import CHECKPOINTS, PROGRESS, Row, TrainingJob, shared_prefix
from .checkpoints import TimedSaves
from .distributed import Ranks
from .early_stopping import EarlyStopping
from .progress import ProgressFile
from .row_order import FollowCores, FollowEpochs, RowOrder

SMALL = 1_000_000_000
"""Parameters below which activations are kept: recomputing them costs a third more and saves memory nobody lacks."""

_WARM_UP = 0.1
"""Share of the steps in which the learning rate rises to its peak; then it falls to 0 along a line."""

_BETA = 0.1
"""How far DPO lets the model go from the base; TRL's and the paper's default."""

_SHORT_PREFIX = 8
"""Shared tokens below which sharing costs more than it saves."""


@dataclass(frozen=True)
class Attempt:
    """One attempt at a job.

    Attributes:
        job: What is trained.
        rows: The rows it is trained on.
        dev_rows: The rows that are measured after each epoch, if any.
        folder: The job's.
        micro_batch: Rows that this process holds at once.
        together: The processes that train.
        save_seconds: Seconds between checkpoints within an epoch.
    """

    job: TrainingJob
    rows: Sequence[Row]
    dev_rows: Sequence[Row]
    folder: Path
    micro_batch: int
    together: Ranks
    save_seconds: float

    @property
    def pairs(self) -> bool:
        """Whether the rows are pairs of replies."""
        return bool(self.rows[0].rejected)

    @property
    def order(self) -> RowOrder:
        """The order of the rows in each epoch."""
        lengths = [len(row.prompt) + max(len(row.completion), len(row.rejected)) for row in self.rows]
        return RowOrder(lengths, self.job.parameters.batch_size, self.job.parameters.seed)


def arguments(attempt: Attempt, *, small: bool) -> Any:
    """Return the trainer's settings."""
    trl = need("trl", "train", "to fine-tune")
    torch = need("torch", "train", "to fine-tune")
    parameters = attempt.job.parameters
    # A launcher's own configuration may have the activations recomputed already, and must not do so twice.
    recomputed = os.environ.get("FSDP_ACTIVATION_CHECKPOINTING", "false").lower() == "true"
    options: dict[str, Any] = {
        "output_dir": str(attempt.folder / CHECKPOINTS),
        "num_train_epochs": parameters.epochs,
        "per_device_train_batch_size": attempt.micro_batch,
        "per_device_eval_batch_size": attempt.micro_batch,
        "gradient_accumulation_steps": parameters.batch_size // (attempt.micro_batch * attempt.together.count),
        "learning_rate": parameters.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": _WARM_UP,
        "seed": parameters.seed,
        "data_seed": parameters.seed,
        "bf16": attempt.job.dtype == "bfloat16",
        "use_cpu": not torch.cuda.is_available(),
        _checkpointing(): not small and not recomputed,
        "max_length": None,
        "logging_steps": 1,
        "include_num_input_tokens_seen": "non_padding",
        "save_strategy": "epoch",
        "save_total_limit": 1,
        "report_to": [],
        "disable_tqdm": True,
        "push_to_hub": False,
    }
    if attempt.dev_rows:
        options["eval_strategy"] = "epoch"
    if parameters.patience is not None:
        options |= {"load_best_model_at_end": True, "metric_for_best_model": "loss", "greater_is_better": False}
    if attempt.pairs:
        return trl.DPOConfig(**options, remove_unused_columns=_plain(attempt), beta=_BETA, loss_type=["sigmoid", "sft"])
    return trl.SFTConfig(
        **options, remove_unused_columns=_plain(attempt), dataset_kwargs={"skip_prepare_dataset": True}
    )


def make_trainer(attempt: Attempt, settings: Any, model: Any, tokenizer: Any, *, small: bool) -> Any:
    """Return the trainer of an attempt.

    Args:
        attempt: What is trained.
        settings: As `arguments` returns them.
        model: The base model, or one with an adapter that training goes on from.
        tokenizer: The base model's.
        small: Whether activations are kept.
    """
    peft = need("peft", "train", "to fine-tune")
    parameters, order = attempt.job.parameters, attempt.order
    shared: dict[str, Any] = {
        "model": model,
        "processing_class": tokenizer,
        "args": settings,
        "order": order,
        "callbacks": [
            FollowCores(),
            FollowEpochs(order),
            ProgressFile(attempt.folder / PROGRESS, first=attempt.together.first),
            TimedSaves(attempt.save_seconds, order.steps, attempt.together),
        ],
    }
    if parameters.patience is not None:
        shared["callbacks"].append(EarlyStopping(parameters.patience))
    if attempt.dev_rows:
        shared["dev_tokens"] = sum(len(row.completion) for row in attempt.dev_rows) / len(attempt.dev_rows)
    if parameters.method != "full" and attempt.job.start is None:
        shared["peft_config"] = peft.LoraConfig(
            r=parameters.lora_rank,
            lora_alpha=parameters.lora_alpha,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
    return _of_pairs(attempt, shared) if attempt.pairs else _of_completions(attempt, shared, small=small)


def _of_completions(attempt: Attempt, shared: dict[str, Any], *, small: bool) -> Any:
    """Return the trainer of replies."""
    from .completion_trainer import CompletionTrainer  # imports TRL's trainer, which takes seconds

    rows = [*attempt.rows, *attempt.dev_rows]
    columns: list[dict[str, Any]] = [
        {"input_ids": row.input_ids, "labels": row.labels, "length": len(row.input_ids)} for row in rows
    ]
    if not _plain(attempt):
        columns = [{**column, "row": number} for number, column in enumerate(columns)]
    # Gradient checkpointing recomputes without a cache, and several processes wrap the model for one pass a step.
    prefix = shared_prefix(rows) if small and attempt.together.alone else 0
    return CompletionTrainer(
        **_datasets(attempt, columns),
        prefix=prefix if prefix >= _SHORT_PREFIX else 0,
        rows=None if _plain(attempt) else rows,
        **shared,
    )


def _of_pairs(attempt: Attempt, shared: dict[str, Any]) -> Any:
    """Return the trainer of pairs of replies: DPO (Rafailov et al. 2023) plus cross-entropy of the better reply.

    Against the base model alone DPO may lower the probability of both replies; the second term, that of iterative
    reasoning preference optimization (Pang et al. 2024), teaches the form of a reply along with it, in one adapter.
    """
    from .preference_trainer import PairTrainer

    rows = [*attempt.rows, *attempt.dev_rows]
    columns: list[dict[str, Any]] = [
        {"prompt_ids": list(row.prompt), "chosen_ids": list(row.completion), "rejected_ids": list(row.rejected)}
        for row in rows
    ]
    if not _plain(attempt):
        columns = [{**column, "weight": row.weight} for column, row in zip(columns, rows, strict=True)]
    return PairTrainer(**_datasets(attempt, columns), **shared)


def _datasets(attempt: Attempt, columns: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what the trainer is given of the rows and, after them, the dev rows."""
    datasets = need("datasets", "train", "to fine-tune")
    count = len(attempt.rows)
    given = {"train_dataset": datasets.Dataset.from_list(list(columns[:count]))}
    if attempt.dev_rows:
        given["eval_dataset"] = datasets.Dataset.from_list(list(columns[count:]))
    return given


def _plain(attempt: Attempt) -> bool:
    """Say whether no row has a weight or an aim."""
    return all(row.weight == 1.0 and row.aim is None for row in [*attempt.rows, *attempt.dev_rows])


def _checkpointing() -> str:
    """Return what this version of transformers calls the recomputing of activations."""
    transformers = need("transformers", "train", "to fine-tune")
    names = {field.name for field in fields(transformers.TrainingArguments)}
    return "activation_checkpointing" if "activation_checkpointing" in names else "gradient_checkpointing"
