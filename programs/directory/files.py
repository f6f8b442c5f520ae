"""Knows the files of a rater directory, their hashes and the seal over them; does not know what they mean to a rater.

=====================  =============================================================================================
``rater.json``         the record: layout, scale, fields, scoring, model, provenance, hashes; see `write_rater`
``guideline.md``       what the rater is told
``adapter/``           LoRA weights to put on a base model, where there are some
``weights/``           a whole model with its tokenizer, where the weights are the rater's own
``agreement.json``     how it and others agreed with people, where that was measured
``CARD.md``            the same for people, as a model card
=====================  =============================================================================================

Whatever else lies in the directory, such as a README, is not read. Within ``adapter/`` and ``weights/``, which other
libraries are handed as they are, there may be nothing else.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ...data import InputError, SetupError
from ..adapter import FORMAT_VERSION

_VERSION = 2
"""Of the directory's layout. Layout 1 had no agreement, no card and no weights; it is read as well."""

KIND = "accord.rater"
PAIR_KIND = "accord.pair_rater"
"""Of a rater of pairs that is asked in both orders; its record also has ``pair``."""

RECORD, GUIDELINE, AGREEMENT, CARD = "rater.json", "guideline.md", "agreement.json", "CARD.md"
ADAPTER, WEIGHTS = "adapter", "weights"
CURE = "Copy the whole directory again, or compile the rater anew."


def check_place(path: Path) -> None:
    """Refuse to write a rater over anything but a rater.

    Raises:
        SetupError: If `path` exists and is not a rater directory, cannot be made, or is within the weights of a rater,
            whose seal would be broken.
    """
    cure = "Name a folder that does not exist yet, or one that holds a rater."
    target = path.expanduser().resolve()
    for folder in (target, *target.parents):
        if folder.name in (ADAPTER, WEIGHTS) and (folder.parent / RECORD).is_file():
            raise SetupError(f"this is within the {folder.name} of a rater", place=str(path), cure=cure)
        if folder.exists() and not folder.is_dir():
            raise SetupError(f"{folder.name} is a file", place=str(path), cure=cure)
    if path.exists() and not (path / RECORD).is_file():
        raise SetupError("exists and is not a rater directory", place=str(path), cure=cure)


@contextmanager
def fresh_directory(path: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `path` once it is filled, replacing a rater that was there.

    What else lay beside that rater stays.

    Raises:
        SetupError: If `path` exists and is not a rater directory.
    """
    check_place(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as workspace:
        fresh = Path(workspace) / "rater"
        fresh.mkdir()
        yield fresh
        if path.exists():
            _carry_over(path, fresh)
            os.replace(path, Path(workspace) / "replaced")
        os.replace(fresh, path)


def _carry_over(path: Path, fresh: Path) -> None:
    """Copy what is not the rater's, such as a README: whoever put it there wants to keep it."""
    for other in path.iterdir():
        if other.name in (RECORD, GUIDELINE, AGREEMENT, CARD, ADAPTER, WEIGHTS):
            continue
        if other.is_dir() and not other.is_symlink():
            shutil.copytree(other, fresh / other.name, symlinks=True)
        else:
            shutil.copy2(other, fresh / other.name, follow_symlinks=False)


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write rater.json over everything that lies in the folder: a hash of each file, and one of the record itself."""
    files = {_name(file, folder): sha256(file) for file in sorted(_files(folder)) if file != folder / RECORD}
    sealed = {"version": _VERSION, "kind": KIND, "accord": version("accord"), **record, "files": files}
    write_json(folder / RECORD, {**sealed, "sha256": _seal(sealed)})


def write_json(file: Path, content: Any) -> None:
    """Write plain data, for people to read as well."""
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def rater_record(path: Path, *, pairs: bool = False) -> dict[str, Any]:
    """Return the record of a rater directory after checking the hash of every file in it.

    Args:
        path: The directory.
        pairs: Whether it may be one of a rater that is asked in both orders.

    Raises:
        InputError: If the directory is missing or incomplete, of a kind or version that is not read here, or a file's
            hash is wrong.
    """
    place = str(path)
    if not path.is_dir():
        raise InputError("no such rater directory", place=place, cure="Check the path; 'accord compile' writes one.")
    try:
        record = json.loads((path / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"has no {RECORD}: it is not a rater directory", place=place, cure=CURE) from None
    except (OSError, RecursionError, ValueError) as error:
        raise InputError(f"{RECORD} is damaged ({error})", place=place, cure=CURE) from None
    if isinstance(record, dict) and isinstance(record.get("version"), int):
        _check_versions(record, place)  # first: a newer layout may have kinds that are not known here
    kind = record.get("kind") if isinstance(record, dict) else None
    if kind == PAIR_KIND and not pairs:
        cure = "Use PairRater.load(path) or accord rate; PairRater.load(path).rater.save(...) writes the rater within."
        raise InputError("holds a rater of pairs that is asked in both orders", place=place, cure=cure)
    if kind not in (KIND, PAIR_KIND):
        raise InputError(f"{RECORD} does not describe a rater", place=place, cure=CURE)
    _check_versions(record, place)
    if record.get("sha256") != _seal(record):
        raise InputError(f"{RECORD} was changed after it was written", place=place, cure=CURE)
    _check_files(record["files"], path)
    return record


def sha256(file: Path) -> str:
    """Return a file's SHA-256, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_versions(record: Mapping[str, Any], place: str) -> None:
    layout, form = record.get("version"), record.get("format")
    if not isinstance(layout, int) or not isinstance(form, int) or layout < 1 or form < 1:
        raise InputError(f"{RECORD} does not say its version", place=place, cure=CURE)
    if layout > _VERSION or form > FORMAT_VERSION:
        what = (
            f"the rater was saved by a newer Accord ({record.get('accord', 'unknown')}: layout {layout}, prompt format "
            f"{form}; this one, {version('accord')}, reads up to {_VERSION} and {FORMAT_VERSION})"
        )
        raise InputError(what, place=place, cure="Update with: pip install -U accord.")
    if form < FORMAT_VERSION:
        what = f"has prompt format {form}, this Accord writes {FORMAT_VERSION}: it would not be asked what it learned"
        raise InputError(what, place=place, cure="Use the Accord that made it, or compile it anew.")


def _check_files(expected: Mapping[str, str], path: Path) -> None:
    place = str(path)
    for name, known in expected.items():
        file = path / name
        if not file.is_file():
            raise InputError(f"the file {name} is missing", place=place, cure=CURE)
        if sha256(file) != known:
            cure = f"{CURE} (To change a guideline, edit a copy and compile with it.)"
            raise InputError(f"the file {name} has another hash than {RECORD} says", place=place, cure=cure)
    for folder in (path / ADAPTER, path / WEIGHTS):
        for file in sorted(_files(folder)):
            name = _name(file, path)
            if name not in expected and not file.name.startswith("."):  # what file managers leave is read by nobody
                cure = f"Remove it: libraries that read {folder.name}/ could take it for a part of the rater."
                raise InputError(f"the file {name} was added after the rater was saved", place=place, cure=cure)


def _seal(record: Mapping[str, Any]) -> str:
    """Return a SHA-256 over everything else in the record, whatever its layout as text."""
    content = json.dumps({key: value for key, value in record.items() if key != "sha256"}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _name(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()
