"""Knows with which command the training process is started; does not start it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ...data import SetupError

_SHIPPED = Path(__file__).parent / "launch"

_Kind = Literal["process", "accelerate"]


@dataclass(frozen=True)
class Launcher:
    """What starts the training process.

    Attributes:
        kind: ``process`` is one process, which uses one GPU if there is any; ``accelerate`` is ``accelerate launch``,
            which starts one for each GPU.
        config: For accelerate its YAML file, or the name of one that is shipped as an example: ``fsdp``,
            ``deepspeed``, ``gpus`` (each with a copy of the model) or ``cpu`` (two processes, to try it). None takes
            the one that ``accelerate config`` wrote, or all GPUs.

    Raises:
        SetupError: If the kind is unknown, there is no such file, or a process alone is given one.
    """

    kind: Literal["process", "accelerate"] = "process"
    config: str | Path | None = None

    def __post_init__(self) -> None:
        """Check both."""
        if self.kind not in get_args(_Kind):
            cure = f"Give one of {', '.join(get_args(_Kind))}."
            raise SetupError(f"unknown launcher={self.kind!r}", place="FineTune", cure=cure)
        if self.config is not None and self.kind == "process":
            cure = "Give launcher='accelerate', or no configuration."
            raise SetupError("a configuration of accelerate without it", place="FineTune", cure=cure)
        if self.config is not None and not self._file(self.config).is_file():
            shipped = ", ".join(sorted(path.stem for path in _SHIPPED.glob("*.yaml")))
            cure = f"Give a YAML file that `accelerate config` writes, or one of {shipped}."
            raise SetupError("there is no such configuration of accelerate", place=str(self.config), cure=cure)

    def command(self, job_files: Sequence[str | Path]) -> list[str]:
        """Return the command that trains some jobs, one after the other."""
        program = ["-m", "accord.optimizers.trainer", *map(str, job_files)]
        if self.kind == "process":
            return [sys.executable, *program]
        config = [] if self.config is None else ["--config_file", str(self._file(self.config))]
        return [sys.executable, "-m", "accelerate.commands.launch", *config, *program]

    @staticmethod
    def _file(config: str | Path) -> Path:
        shipped = _SHIPPED / f"{config}.yaml"
        return shipped if shipped.is_file() else Path(config).expanduser()
