"""Knows how DSPy's optimizers of weights train with TRL and serve with vLLM; does not know which optimizer asks."""

import json
import logging
import shutil
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import fields
from pathlib import Path
from typing import Any

import dspy
from dspy.clients.provider import Provider, TrainingJob
from dspy.clients.utils_finetune import TrainDataFormat, TrainingStatus, get_finetune_directory

from ...data import SetupError
from ...programs import LocalEngine, VLLMEngine, context_length, read_tokenizer, vllm_model, weights_hash
from ..training_jobs import ADAPTER, LEARNING_RATES, WEIGHTS, Parameters, read_result, rows_hash, run_jobs, write_job
from ..training_jobs import TrainingJob as Order
from .chat_rows import chat_rows

logger = logging.getLogger(__name__)

_PLACE = "VLLMProvider"
_SERVED = "served"
_DEFAULTS = {"lora_rank": 16, "lora_alpha": 32, "epochs": 2, "batch_size": 8, "seed": 0}


class VLLMTrainingJob(TrainingJob):
    """The training of one model; `status` says how far it is, `cancel` ends it."""

    def cancel(self) -> bool:
        """End the training at its next step; ``result()`` raises `CancelledError` from now on.

        Returns:
            Whether there was anything to end.
        """
        return Future.cancel(self)

    def set_result(self, result: Any) -> None:
        """Take the trained LM or the error; a job that was cancelled has no result any more."""
        if not self.cancelled():
            super().set_result(result)

    def status(self) -> TrainingStatus:
        """Say where the training is."""
        if self.cancelled():
            return TrainingStatus.cancelled
        if self.done():
            return TrainingStatus.failed if isinstance(self.result(), BaseException) else TrainingStatus.succeeded
        alive = self.thread is not None and self.thread.is_alive()
        return TrainingStatus.running if alive else TrainingStatus.not_started


class VLLMProvider(Provider):
    """Trains open models with TRL and serves them with vLLM, for DSPy's own optimizers of weights.

    ``dspy.BootstrapFinetune`` and ``dspy.BetterTogether`` need an LM that knows how to be trained, started and stopped;
    DSPy itself trains only with older versions of TRL and serves only with SGLang. This provider trains a LoRA adapter
    (or all weights) in a process of its own, as `FineTune` does, and serves it on 127.0.0.1.

    Example::

        lm = resolve_model("vllm/models/base", provider=VLLMProvider())
        program.set_lm(lm)
        trained = dspy.BootstrapFinetune(metric=exact, train_kwargs={"epochs": 3}).compile(program, trainset=examples)

    Training takes ``train_kwargs``: lora_rank (16), lora_alpha (32), epochs (2), learning_rate (5e-4, for all weights
    2e-5), batch_size (8), seed (0), method (``lora``, ``qlora``, ``full``) and micro_batch. It goes into a folder of
    DSPy's directory for fine-tuning (``DSPY_FINETUNEDIR``), named by everything that went into it: the same training is
    found again, and one that was killed goes on from its last checkpoint. A model that was trained before is trained on
    from its adapter.

    A `Rater` cannot be trained this way, for ``BootstrapFinetune`` takes DSPy's ``ChatAdapter`` alone: use `FineTune`.
    """

    def __init__(self) -> None:
        """Say that models can be trained, and by which kind of job."""
        super().__init__()
        self.finetunable = True
        self.TrainingJob = VLLMTrainingJob

    @staticmethod
    def is_provider_model(model: str) -> bool:
        """Return whether a name stands for a model on vLLM."""
        return model == "vllm" or model.startswith("vllm/")

    @staticmethod
    def launch(lm: dspy.LM, launch_kwargs: dict[str, Any] | None = None) -> None:
        """Start the LM's server; does nothing while it runs. The first request would start it, too.

        Raises:
            SetupError: If the LM is none that `resolve_model` made for vLLM, or the server does not start.
        """
        if launch_kwargs or lm.launch_kwargs:
            cure = "Give resolve_model('vllm/...', options=(...)) the words for vLLM's command line."
            raise SetupError("launch_kwargs are not used", place=_PLACE, cure=cure)
        _engine_of(lm).open()

    @staticmethod
    def kill(lm: dspy.LM, launch_kwargs: dict[str, Any] | None = None) -> None:
        """Let the LM's server go, if it runs; it stops unless another LM uses it."""
        _engine_of(lm).close()

    @staticmethod
    def finetune(
        job: TrainingJob,
        model: str,
        train_data: list[dict[str, Any]],
        train_data_format: TrainDataFormat | str | None,
        train_kwargs: dict[str, Any] | None = None,
    ) -> str:
        """Train a model on conversations and return the name of the trained one, ``vllm/<folder>``.

        Args:
            job: The job; training ends when it is cancelled.
            model: A name as `vllm_model` takes it.
            train_data: Rows in DSPy's chat format.
            train_data_format: Must be chat.
            train_kwargs: Hyper-parameters; see the class.

        Raises:
            CancelledError: If the job was cancelled.
            InputError: If a row or the model cannot be used.
            SetupError: If the format is another one, a hyper-parameter is unknown or impossible, no row fits the
                model's context, an extra is missing, or training fails.
        """
        if train_data_format != TrainDataFormat.CHAT:
            cure = "Use dspy.ChatAdapter, which writes conversations."
            raise SetupError(f"cannot train on the format {train_data_format!r}", place=_PLACE, cure=cure)
        local = vllm_model(model)
        order, folder = _write_order(local, train_data, _parameters({} if train_kwargs is None else train_kwargs))
        if read_result(folder, order) is None:
            run_jobs({"chat": folder}, folder / "training.log", lambda *_: _check(job))
        _check(job)
        if read_result(folder, order) is None:
            cure = f"Run again; the log: {folder / 'training.log'}."
            raise SetupError("training left no result", place=_PLACE, cure=cure)
        trained = folder / WEIGHTS if order.output == WEIGHTS else _with_base(folder, local.path)
        return f"vllm/{trained}"


def _engine_of(lm: dspy.LM) -> VLLMEngine:
    if not isinstance(lm.engine, VLLMEngine):
        cure = "Make it with resolve_model('vllm/<folder>', provider=VLLMProvider())."
        raise SetupError(f"{lm.model!r} is not an LM on vLLM", place=_PLACE, cure=cure)
    return lm.engine


def _check(job: TrainingJob) -> None:
    """Raise what ends the training if somebody cancelled it."""
    if job.cancelled():
        raise CancelledError


def _parameters(given: Mapping[str, Any]) -> Parameters:
    known = {field.name for field in fields(Parameters)} - {"patience"}  # there are no dev rows here
    unknown = sorted(given.keys() - known)
    if unknown:
        cure = f"There are {', '.join(sorted(known))}."
        raise SetupError(f"unknown train_kwargs {unknown[0]!r}", place=_PLACE, cure=cure)
    rate = LEARNING_RATES.get(given.get("method", "lora"), LEARNING_RATES["lora"])  # an unknown method is refused below
    return Parameters(**{**_DEFAULTS, "learning_rate": rate, **given})


def _write_order(local: LocalEngine, data: list[dict[str, Any]], parameters: Parameters) -> tuple[Order, Path]:
    """Write the training order into the folder that it always has, and return both."""
    found = chat_rows(data, read_tokenizer(local.path), context=context_length(local.path))
    if not found.rows:
        what = f"none of the {len(data)} fits the model's context" if data else "there are no conversations"
        cure = "Give shorter ones, or a metric that lets some through."
        raise SetupError(f"nothing to train on: {what}", place=_PLACE, cure=cure)
    if found.too_long:
        logger.warning("these exceed the model's context and are left out: %s", ", ".join(found.too_long))
    order = Order(
        base=str(local.path),
        base_hash=weights_hash(local.path),
        rows_hash=rows_hash(found.rows),
        parameters=parameters,
        start=None if local.adapter is None else str(local.adapter),
        start_hash=None if local.adapter is None else weights_hash(local.adapter),
    )
    folder = Path(get_finetune_directory()) / f"vllm-{order.hash[:16]}"
    write_job(folder, order, found.rows)
    return order, folder


def _with_base(folder: Path, base: Path) -> Path:
    """Return a copy of the trained adapter whose configuration says by its whole path where the base model is."""
    served = folder / _SERVED
    shutil.copytree(folder / ADAPTER, served, dirs_exist_ok=True)
    config = served / "adapter_config.json"
    content = json.loads(config.read_text(encoding="utf-8"))
    content["base_model_name_or_path"] = str(base)
    config.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return served
