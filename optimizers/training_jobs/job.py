"""Knows the files of one training job, from its order to its result; does not know how a model is trained.

A job is a folder:

========================  ==========================================================================================
``job.json``              the order: base model, hyper-parameters, hashes of the rows; no key and no environment
``rows.jsonl``            one row a line: the token ids of prompt and completion; weight, aim or rejected reply if any
``dev_rows.jsonl``        rows that are not trained on but measured after each epoch, if there are any
``progress.jsonl``        one line for each step: ``{"step": 3, "steps": 50, "loss": 0.71}``
``memory.json``           how many rows the last attempt held at once, and how many proved too many
``checkpoints/``          after each epoch and every few minutes, until the job is done
``adapter/``              the LoRA weights: ``adapter_config.json``, ``adapter_model.safetensors``; or, of a job that
                          trains all weights, ``weights/``: a whole model folder with its tokenizer
``done.json``             the result, written last and at once: a folder with it is finished
========================  ==========================================================================================
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ...data import InputError, SetupError
from ...data.files import write_text_whole
from ...programs import weights_hash
from .hyperparameters import Parameters
from .regression_targets import Aim
from .rows import Row

_VERSION = 2
"""Of the folder's layout and of what training does with it; part of a job's hash."""

JOB, ROWS, DEV_ROWS, PROGRESS, MEMORY, CHECKPOINTS, ADAPTER, WEIGHTS, DONE = (
    "job.json",
    "rows.jsonl",
    "dev_rows.jsonl",
    "progress.jsonl",
    "memory.json",
    "checkpoints",
    "adapter",
    "weights",
    "done.json",
)

SAID = "accord: "
"""Begins the lines of the log in which the training process speaks itself; others are its libraries'."""

_CURE = "Compile again: FineTune writes this folder."


@dataclass(frozen=True)
class TrainingJob:
    """The order for one adapter, or for one whole model.

    Attributes:
        base: Folder of the base model.
        base_hash: Hash of its weights (`weights_hash`).
        rows_hash: SHA-256 of ``rows.jsonl``.
        parameters: How it is trained.
        dev_hash: SHA-256 of ``dev_rows.jsonl``; None where there are none.
        start: Folder of an adapter of the base that training goes on from; None starts anew. Its rank and alpha stay
            as they are. Pairs are also compared with it in place of the base.
        start_hash: Hash of its weights.
        dtype: The number format of the arithmetic; ``bfloat16``, as it once always was, where nothing is said.
        version: `_VERSION`.

    Raises:
        SetupError: If ``patience`` has no dev rows to look at, or ``full`` starts from an adapter.
    """

    base: str
    base_hash: str
    rows_hash: str
    parameters: Parameters
    dev_hash: str | None = None
    start: str | None = None
    start_hash: str | None = None
    dtype: str = "bfloat16"
    version: int = _VERSION

    def __post_init__(self) -> None:
        """Check that the parts go together."""
        if self.parameters.patience is not None and self.dev_hash is None:
            cure = "Give a valset that can be trained on, or patience=None."
            raise SetupError(f"patience={self.parameters.patience} without dev rows", place="FineTune", cure=cure)
        if self.parameters.method == "full" and self.start is not None:
            cure = "Merge the adapter into its base and give that as the base."
            raise SetupError("method='full' does not start from an adapter", place="FineTune", cure=cure)

    @property
    def hash(self) -> str:
        """SHA-256 of everything but where the weights lie: jobs with equal hashes have the same result."""
        content = {name: value for name, value in self.to_dict().items() if name not in ("base", "start")}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def output(self) -> str:
        """The name of the folder in which what was trained is found."""
        return WEIGHTS if self.parameters.method == "full" else ADAPTER

    def to_dict(self) -> dict[str, Any]:
        """Return the order as plain data, without what it leaves at its default: an old order stays what it was."""
        parameters = _without_defaults(self.parameters)
        return {**_without_defaults(self), "parameters": parameters, "version": self.version}


@dataclass(frozen=True)
class TrainingResult:
    """What ``done.json`` says.

    Attributes:
        job: The job's hash.
        adapter: Hash of the files of what was trained, an adapter or a whole model (see `TrainingJob.output`).
        losses: Step by step the mean loss per completion token, with that of the aims where rows have any.
        seconds: Wall-clock time from loading the model to the saved weights, of the attempt that finished.
        tokens: Tokens of all rows, prompts included (twice where two replies are compared), times epochs.
        micro_batch: Rows that a process held at once; fewer than were wanted where memory ran out.
        dev_losses: Epoch by epoch the same mean over the dev rows.
        best_epoch: Whose weights were kept, from 1; None where the last ones were.
        version: `_VERSION`.
    """

    job: str
    adapter: str
    losses: tuple[float, ...]
    seconds: float
    tokens: int
    micro_batch: int
    dev_losses: tuple[float, ...] = ()
    best_epoch: int | None = None
    version: int = _VERSION


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


def write_job(folder: Path, job: TrainingJob, rows: Sequence[Row], dev_rows: Sequence[Row] = ()) -> None:
    """Write the order into a folder, which may hold checkpoints of the same job."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text_whole(folder / ROWS, rows_text(rows))
    if dev_rows:
        write_text_whole(folder / DEV_ROWS, rows_text(dev_rows))
    write_text_whole(folder / JOB, json.dumps(job.to_dict(), indent=2) + "\n")


def read_job(path: Path) -> tuple[TrainingJob, list[Row]]:
    """Read an order and its rows back; see `read_dev_rows` for those that are only measured.

    Args:
        path: The ``job.json``; its rows lie beside it.

    Raises:
        InputError: If a file is missing or damaged, of another version, or the rows are none or not those of the job.
    """
    try:
        order = json.loads(path.read_text(encoding="utf-8"))
        job = TrainingJob(**{**order, "parameters": Parameters(**order["parameters"])})
    except FileNotFoundError:
        raise InputError(f"{path.name} is missing", place=str(path), cure=_CURE) from None
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"it is not a training job ({error})", place=str(path), cure=_CURE) from None
    if job.version != _VERSION:
        raise InputError(f"the job has version {job.version}, not {_VERSION}", place=str(path), cure=_CURE)
    return job, _read_rows(path.parent / ROWS, job.rows_hash)


def read_dev_rows(path: Path, job: TrainingJob) -> list[Row]:
    """Read the rows that are measured after each epoch; none where the job has none. Raises as `read_job`."""
    return [] if job.dev_hash is None else _read_rows(path.parent / DEV_ROWS, job.dev_hash)


def _read_rows(path: Path, content: str) -> list[Row]:
    """Return the rows of a file, which must have the given hash."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path.name} is missing", place=str(path), cure=_CURE) from None
    if hashlib.sha256(text.encode()).hexdigest() != content:
        raise InputError(f"{path.name} holds other rows than the job was made for", place=str(path), cure=_CURE)
    if not text:
        raise InputError(f"{path.name} holds no rows", place=str(path), cure=_CURE)
    return [_from_dict(json.loads(line)) for line in text.splitlines()]


def read_result(folder: Path, job: TrainingJob) -> TrainingResult | None:
    """Return the result of a job, or None where the folder holds none or that of another job, or a damaged one."""
    try:
        found = json.loads((folder / DONE).read_text(encoding="utf-8"))
        lists = {"losses": tuple(found["losses"]), "dev_losses": tuple(found["dev_losses"])}
        result = TrainingResult(**{**found, **lists})
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None
    whole = result.version == _VERSION and result.job == job.hash
    return result if whole and result.adapter == weights_hash(folder / job.output) else None


def write_result(folder: Path, result: TrainingResult) -> None:
    """Write ``done.json``: from now on the folder is finished."""
    write_text_whole(folder / DONE, json.dumps(asdict(result)) + "\n")


def _without_defaults(record: Any) -> dict[str, Any]:
    return {
        field.name: getattr(record, field.name)
        for field in fields(record)
        if getattr(record, field.name) != field.default
    }
