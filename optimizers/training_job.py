"""Knows the files of one training job, from its order to its result; does not know how a model is trained.

A job is a folder:

========================  ==========================================================================================
``job.json``              the order: base model, hyper-parameters, hash of the rows; no key and no environment
``rows.jsonl``            one row a line: the token ids of prompt and completion; weight, aim or rejected reply if any
``progress.jsonl``        one line for each step: ``{"step": 3, "steps": 50, "loss": 0.71}``
``checkpoints/``          after each epoch, until the job is done
``adapter/``              the LoRA weights: ``adapter_config.json``, ``adapter_model.safetensors``
``done.json``             the result, written last and at once: a folder with it is finished
========================  ==========================================================================================
"""

import hashlib
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..data import InputError, SetupError
from ..programs import weights_hash
from .aims import Aim
from .objectives import Row

VERSION = 1
"""Of the folder's layout and of what training does with it; part of a job's hash."""

JOB, ROWS, PROGRESS, CHECKPOINTS, ADAPTER, DONE = (
    "job.json",
    "rows.jsonl",
    "progress.jsonl",
    "checkpoints",
    "adapter",
    "done.json",
)


@dataclass(frozen=True)
class Parameters:
    """How an adapter is trained.

    Attributes:
        lora_rank: Rank of the adapter's matrices, on every linear layer but the last.
        lora_alpha: The adapter's product is scaled by ``lora_alpha / lora_rank``.
        epochs: Passes over the rows.
        learning_rate: Of AdamW at its peak.
        batch_size: Rows in a step.
        seed: Of the adapter's start and of the order of the rows.

    Raises:
        SetupError: If a number cannot be trained with.
    """

    lora_rank: int
    lora_alpha: int
    epochs: int
    learning_rate: float
    batch_size: int
    seed: int

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("lora_rank", "lora_alpha", "epochs", "batch_size"):
            number = getattr(self, name)
            if not isinstance(number, int) or number < 1:
                raise SetupError(f"{name}={number!r}", place="FineTune", cure="Give a whole number from 1 on.")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            what = f"learning_rate={self.learning_rate!r}"
            raise SetupError(what, place="FineTune", cure="Give a number above 0, e.g. 5e-4.")


@dataclass(frozen=True)
class TrainingJob:
    """The order for one LoRA adapter.

    Attributes:
        base: Folder of the base model.
        base_hash: Hash of its weights (`weights_hash`).
        rows_hash: SHA-256 of ``rows.jsonl``.
        parameters: How it is trained.
        version: `VERSION`.
    """

    base: str
    base_hash: str
    rows_hash: str
    parameters: Parameters
    version: int = VERSION

    @property
    def hash(self) -> str:
        """SHA-256 of everything but where the base model lies: jobs with equal hashes have the same result."""
        content = {name: value for name, value in asdict(self).items() if name != "base"}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class TrainingResult:
    """What ``done.json`` says.

    Attributes:
        job: The job's hash.
        adapter: Hash of the adapter's files.
        losses: Step by step the mean loss per completion token, with that of the aims where rows have any.
        seconds: Wall-clock time from loading the model to the saved adapter, of the attempt that finished.
        tokens: Tokens of all rows, prompts included, times epochs.
        version: `VERSION`.
    """

    job: str
    adapter: str
    losses: tuple[float, ...]
    seconds: float
    tokens: int
    version: int = VERSION


def rows_text(rows: Sequence[Row]) -> str:
    """Return the content of ``rows.jsonl``."""
    return "".join(f"{json.dumps(_to_dict(row))}\n" for row in rows)


def _to_dict(row: Row) -> dict[str, Any]:
    """Return a row as plain data, without what it has not: plain rows are the same jobs as ever."""
    content: dict[str, Any] = {"prompt": row.prompt, "completion": row.completion}
    if row.weight != 1.0:
        content["weight"] = row.weight
    if row.aim is not None:
        content["aim"] = asdict(row.aim)
    if row.rejected:
        content["rejected"] = row.rejected
    return content


def _from_dict(content: dict[str, Any]) -> Row:
    aim = content.get("aim")
    if aim is not None:
        aim = Aim(**{**aim, "tails": tuple(map(tuple, aim["tails"])), "values": tuple(aim["values"])})
    return Row(
        tuple(content["prompt"]),
        tuple(content["completion"]),
        content.get("weight", 1.0),
        aim,
        tuple(content.get("rejected", ())),
    )


def rows_hash(rows: Sequence[Row]) -> str:
    """Return the SHA-256 of the content of ``rows.jsonl``."""
    return hashlib.sha256(rows_text(rows).encode()).hexdigest()


def write_job(folder: Path, job: TrainingJob, rows: Sequence[Row]) -> None:
    """Write the order into a folder, which may hold checkpoints of the same job."""
    folder.mkdir(parents=True, exist_ok=True)
    write_at_once(folder / ROWS, rows_text(rows))
    write_at_once(folder / JOB, json.dumps(asdict(job), indent=2) + "\n")


def read_job(path: Path) -> tuple[TrainingJob, list[Row]]:
    """Read an order back.

    Args:
        path: The ``job.json``; its rows lie beside it.

    Raises:
        InputError: If a file is missing or damaged, of another version, or the rows are not those of the job.
    """
    cure = "Compile again: FineTune writes this folder."
    try:
        order = json.loads(path.read_text(encoding="utf-8"))
        job = TrainingJob(**{**order, "parameters": Parameters(**order["parameters"])})
        text = (path.parent / ROWS).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InputError(f"{Path(error.filename).name} is missing", place=str(path), cure=cure) from None
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"it is not a training job ({error})", place=str(path), cure=cure) from None
    if job.version != VERSION:
        raise InputError(f"the job has version {job.version}, not {VERSION}", place=str(path), cure=cure)
    if hashlib.sha256(text.encode()).hexdigest() != job.rows_hash:
        raise InputError(f"{ROWS} holds other rows than the job was made for", place=str(path), cure=cure)
    return job, [_from_dict(json.loads(line)) for line in text.splitlines()]


def read_result(folder: Path, job: TrainingJob) -> TrainingResult | None:
    """Return the result of a job, or None where the folder holds none or that of another job, or a damaged one."""
    try:
        found = json.loads((folder / DONE).read_text(encoding="utf-8"))
        result = TrainingResult(**{**found, "losses": tuple(found["losses"])})
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None
    whole = result.version == VERSION and result.job == job.hash and result.adapter == weights_hash(folder / ADAPTER)
    return result if whole else None


def write_result(folder: Path, result: TrainingResult) -> None:
    """Write ``done.json``: from now on the folder is finished."""
    write_at_once(folder / DONE, json.dumps(asdict(result)) + "\n")


def write_at_once(path: Path, text: str) -> None:
    """Write a file so that whoever reads it finds all of it or nothing."""
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)
