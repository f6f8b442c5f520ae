"""Knows how one attempt at a job is trained, from loading the model to the saved weights; not what a failure means."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...programs import need
from ..training_jobs import CHECKPOINTS, ROWS, Method
from .checkpoints import last_checkpoint, read_state
from .early_stopping import best_epoch, dev_losses, exhausted
from .load_weights import check_rows, count_weights, load_base, load_start, load_tokenizer
from .save_weights import save_weights
from .trainers import SMALL, Attempt, arguments, make_trainer


@dataclass(frozen=True)
class FittedModel:
    """What came of an attempt.

    Attributes:
        losses: Of each step.
        dev_losses: Of each epoch, where there are dev rows.
        best_epoch: Whose weights were kept, from 1; None where the last ones were.
        epochs: How many were trained.
    """

    losses: tuple[float, ...]
    dev_losses: tuple[float, ...]
    best_epoch: int | None
    epochs: int


def fit_model(attempt: Attempt) -> FittedModel:
    """Train, from the last checkpoint if there is one, and write the trained weights into the job's folder.

    Raises:
        SetupError: If a package is missing, or what training starts from cannot be read or does not fit together.
        InputError: If the base model does not know the rows' tokens.
        RuntimeError: If memory runs out (see `ran_out`).
    """
    job = attempt.job
    small = count_weights(job) < SMALL
    settings = arguments(attempt, small=small)  # before the model: a launcher's way of sharing it out is set up here
    model = load_base(job)
    check_rows(model, [*attempt.rows, *attempt.dev_rows], attempt.folder / ROWS)
    if job.start is not None:
        model = load_start(model, job)
    trainer = make_trainer(attempt, settings, model, load_tokenizer(job), small=small)
    checkpoint = attempt.together.agree(
        last_checkpoint(attempt.folder / CHECKPOINTS) if attempt.together.first else None
    )
    patience = job.parameters.patience
    if checkpoint is not None and patience is not None:
        log = read_state(checkpoint)["log_history"]
        if exhausted(dev_losses(log), patience):  # killed after the last epoch: nothing is left to train
            settings.num_train_epochs = len(dev_losses(log))
    with _without_casts(trainer.model, job.parameters.method):
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    save_weights(trainer, job, attempt.folder, attempt.together)
    history = trainer.state.log_history
    found = dev_losses(history)
    losses = tuple(round(entry["loss"], 6) for entry in history if "loss" in entry)
    return FittedModel(
        losses=losses,
        dev_losses=tuple(round(loss, 6) for loss in found),
        best_epoch=None if patience is None else best_epoch(found),
        epochs=-(-len(losses) // attempt.order.steps),
    )


@contextlib.contextmanager
def _without_casts(model: Any, method: Method) -> Iterator[None]:
    """Have an adapter's arithmetic done in the base's format while its weights stay float32.

    Autocast computes with the adapter in bfloat16, where the base is in it; without this PEFT would first bring every
    layer's input to float32.
    TRL brings the adapter of a base in 4 bits to bfloat16, where small steps would be rounded away.
    """
    if method == "full":
        yield
        return
    if method == "qlora":
        torch = need("torch", "train", "to fine-tune")
        for weight in model.parameters():
            if weight.requires_grad:
                weight.data = weight.data.to(torch.float32)
    with need("peft", "train", "to fine-tune").helpers.disable_input_dtype_casting(model):
        yield
