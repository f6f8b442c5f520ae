"""Knows how to write what was trained, whole and the same each time; does not know how it was trained."""

import json
import shutil
from pathlib import Path
from typing import Any

from ...programs import need
from ..training_jobs import TrainingJob
from .distributed import Ranks
from .load_weights import load_tokenizer


def save_weights(trainer: Any, job: TrainingJob, folder: Path, together: Ranks) -> None:
    """Write the trained adapter or model into a job's folder, whole or not at all.

    Every process must call this: each may hold only a part of the weights.
    """
    model: Any = trainer.accelerator.unwrap_model(trainer.model)
    gathered = None if together.alone else trainer.accelerator.get_state_dict(trainer.model_wrapped)
    if not together.first:
        return
    fresh = folder / f".{job.output}"
    shutil.rmtree(fresh, ignore_errors=True)
    if job.parameters.method == "full":
        _save_model(model, gathered, job, fresh)
    else:
        model.save_pretrained(fresh, state_dict=gathered, selected_adapters=["default"])
        (fresh / "README.md").unlink(missing_ok=True)  # a model card with nothing in it
        _settle(fresh / "adapter_config.json", job)
    shutil.rmtree(folder / job.output, ignore_errors=True)
    fresh.rename(folder / job.output)


def _save_model(model: Any, gathered: dict[str, Any] | None, job: TrainingJob, fresh: Path) -> None:
    """Write a whole model folder in the job's format, as it is loaded for inference, with the base's tokenizer."""
    torch = need("torch", "train", "to fine-tune")
    dtype = getattr(torch, job.dtype)
    if gathered is None:
        model.to(dtype)
    else:
        cast: dict[int, Any] = {}  # by address: weights that are shared stay shared, and are written once
        gathered = {name: cast.setdefault(value.data_ptr(), value.to(dtype)) for name, value in gathered.items()}
    model.save_pretrained(fresh, state_dict=gathered)
    load_tokenizer(job).save_pretrained(fresh)


def _settle(config: Path, job: TrainingJob) -> None:
    """Make the configuration the same wherever and whenever it is written: PEFT leaves a set's order in it."""
    content = json.loads(config.read_text(encoding="utf-8"))
    content = {name: sorted(value) if isinstance(value, list) else value for name, value in content.items()}
    content["base_model_name_or_path"] = Path(job.base).name
    config.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
