"""Knows how a rater directory is copied for people elsewhere, without paths of this machine; does not know the Hub."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..directory import CARD, rater_card, rater_record, read_rater, write_record

_README = "README.md"
"""Where the Hub looks for a model card. It is not under the seal, so it can be edited there."""

_WRITTEN = ("version", "kind", "accord", "files", "sha256")
"""What `write_record` says anew."""


def copy_rater(path: str | Path, target: Path, *, repository: str, license: str | None = None) -> None:
    """Copy a rater directory so that it can be published.

    Left out are files that are not the rater's, and the folder in which the base model lies here (its name and hash
    stay, and its id on the Hub where that is known). The card says where the rater is to be had, and is there a second
    time as README.md.

    Args:
        path: The directory; its hashes are checked first.
        target: An empty folder, on the same disk if large weights are not to be copied.
        repository: The rater's id on the Hub, e.g. ``me/stars``.
        license: The licence it is published under, as the Hub writes it; None leaves what the rater or its base says.

    Raises:
        InputError: If it is no rater directory, or damaged.
    """
    path = Path(path)
    record = rater_record(path)
    rater = read_rater(record, path)
    if license is not None:
        rater = replace(rater, provenance={**rater.provenance, "license": license})
    for name in record["files"]:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if name != CARD:
            _link(path / name, target / name)
    model = _without_folder(record["model"])
    name = repository.rpartition("/")[2]
    card = rater_card(name, rater, model, repository=repository)
    (target / CARD).write_text(card, encoding="utf-8")
    kept = {key: value for key, value in record.items() if key not in _WRITTEN}
    write_record(target, {**kept, "model": model, "provenance": rater.provenance})
    (target / _README).write_text(card, encoding="utf-8")


def _without_folder(model: Mapping[str, Any]) -> dict[str, Any]:
    if "base" not in model or model["name"] == "local":
        return dict(model)
    return {**model, "name": f"local/{model['base']['name']}"}


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError:  # another disk, or one that has no links
        shutil.copyfile(source, target)
