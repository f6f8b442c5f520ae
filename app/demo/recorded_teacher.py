"""Knows the recorded teacher of the demo: real draws of a stronger open model, replayed by the prompts' hashes."""

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import dspy
from dspy.lm15 import Request, Response

from ...data import Draw, InputError, Journal, SetupError, Source
from ...programs import Ask, Completion, Sampling

_VERSION = 1
_CURE = "Run 'accord demo --live' to draw with the embedded model, or record the teacher anew."


@dataclass(frozen=True)
class Recording:
    """Draws of one model, recorded once.

    Attributes:
        about: Who was recorded, when, by which script, and what was left out.
        draws: The draws with their sources. No item text is kept; prompts are known by hash.
    """

    about: dict[str, Any]
    draws: tuple[tuple[Source, Draw], ...]

    def replay_into(self, journal: Journal) -> None:
        """Put the recorded draws into a run's journal, where `RejectionSampling` finds them."""
        for source in {source.key: source for source, _ in self.draws}.values():
            journal.record(source, [draw for owner, draw in self.draws if owner == source])


def demo_recording() -> Recording:
    """Return the recording that is part of the package."""
    return read_recording(Path(str(resources.files("accord.app.demo") / "teacher.jsonl.gz")))


def read_recording(path: Path) -> Recording:
    """Read a recording; the first line says what it is, each further line is one draw.

    Raises:
        InputError: If the file is missing, damaged or of another version.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            about = json.loads(stream.readline())
            sources = [Source(*source) for source in about["sources"]]
            draws = tuple((sources[owner], Draw(**draw)) for owner, draw in map(json.loads, stream))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"is not a recording ({error})", place=str(path), cure=_CURE) from error
    if about.get("version") != _VERSION:
        raise InputError(f"is a recording of version {about.get('version')}", place=str(path), cure=_CURE)
    return Recording(about, draws)


def write_recording(path: Path, recording: Recording) -> None:
    """Write a recording as gzipped JSON lines; the same recording gives the same bytes."""
    sources = list({source.key: source for source, _ in recording.draws}.values())
    head = {
        "version": _VERSION,
        **recording.about,
        "sources": [[source.model, dict(source.sampling)] for source in sources],
    }
    lines = [json.dumps(head, ensure_ascii=False)]
    for source, draw in recording.draws:
        kept = {
            key: value for key, value in vars(draw).items() if value not in ("", 0) or key in ("index", "rationale")
        }
        lines.append(json.dumps([sources.index(source), kept], ensure_ascii=False))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as stream:
        stream.write(("\n".join(lines) + "\n").encode())


class RecordedEngine:
    """Stands for the recorded model in a run: its draws are in the journal, and it can make no new ones."""

    def __init__(self, model_id: str) -> None:
        """Take the recorded model's identity."""
        self.model_id = model_id

    def complete(self, request: Request) -> Response:
        """Refuse: a recording cannot answer."""
        raise self._refusal()

    def complete_many(self, asks: Sequence[Ask], sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        """Refuse unless nothing is asked."""
        if asks:
            raise self._refusal()
        yield from ()

    def _refusal(self) -> SetupError:
        return SetupError("the recording has no draw for a prompt of this demo", place=self.model_id, cure=_CURE)


def recorded_lm(model_id: str, *, max_tokens: int) -> dspy.LM:
    """Return the LM that stands for a recorded model."""
    return dspy.LM(f"recorded/{model_id}", engine=RecordedEngine(model_id), max_tokens=max_tokens, cache=False)
