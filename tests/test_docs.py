"""The site has every public name and every page, and no link leads nowhere; all without mkdocs."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / ".ci/site_pages.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


site_pages = _load()


def without_section(room: str, root: Path) -> list[str]:
    """Name what the room's door lists and its page has no section for."""
    page = site_pages.api_page(room, root)
    sections = re.findall(r"^::: (\S+)$", page, re.MULTILINE)
    found = {path.rpartition(".")[2] for path in sections}
    explained = {path for path in sections} | set(re.findall(r'<a id="(\S+)"></a>', page))
    return [
        name
        for name in site_pages.public_names(root / room / "__init__.py")
        if name not in found or f"accord.{room}.{name}" not in explained
    ]


def in_nav(entry: Any) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
    for inner in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
        yield from in_nav(inner)


def nav_faults(root: Path) -> list[str]:
    """Name the pages that the nav lacks, and those it names that are not there."""
    named = list(in_nav(yaml.safe_load((root / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    written = {file.relative_to(root / "docs").as_posix() for file in (root / "docs").rglob("*.md")}
    made = set(site_pages.generated(root))
    return sorted(
        [f"{page} is not in the nav" for page in (written | made) - set(named)]
        + [f"the nav names {page}, which is not there" for page in set(named) - written - made]
        + [f"{page} is in the nav twice" for page in {page for page in named if named.count(page) > 1}]
    )


def dead_links(root: Path) -> list[str]:
    """Name the relative links of README, CONTRIBUTING, CHANGELOG and docs/ to files that are not there."""
    pages = [*(root / name for name in site_pages.FROM_THE_ROOT), *sorted((root / "docs").rglob("*.md"))]
    return [
        f"{page.relative_to(root)}: {link}"
        for page in pages
        for link, _anchor in site_pages.links(page.read_text(encoding="utf-8"))
        if link and not (page.parent / link).exists()
    ]


@pytest.mark.parametrize("room", site_pages.LIBRARY)
def test_every_public_name_has_a_section(room: str) -> None:
    assert not without_section(room, ROOT)


def test_every_page_is_in_the_nav() -> None:
    assert not nav_faults(ROOT)


def test_no_link_leads_nowhere() -> None:
    assert not dead_links(ROOT)


SMALL = {
    "data/__init__.py": '"""Room."""\nfrom .cut import cut\nfrom .scales import Kind\n__all__ = ["Kind", "cut"]\n',
    "data/cut.py": '"""Knows cuts."""\n',
    "data/scales/__init__.py": '"""Scales."""\nfrom .kind import Kind\n',
    "programs/__init__.py": '"""Room."""\n__all__ = []\n',
    "optimizers/__init__.py": '"""Room."""\n__all__ = []\n',
    "README.md": "[how](docs/how.md) [it](#it) [far](https://example.org)\n\n```text\n[no](link.md)\n```\n",
    "CONTRIBUTING.md": "",
    "CHANGELOG.md": "",
    "docs/how.md": "[front](../README.md#it) and [code](../data/cut.py)\n",
    "mkdocs.yml": """
nav:
  - index.md
  - How: [how.md]
  - contributing.md
  - changelog.md
  - API: [api/data.md, api/programs.md, api/optimizers.md]
""",
}
"""A site without a fault."""


def build(root: Path, files: dict[str, str]) -> Path:
    for name, text in (SMALL | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_a_site_without_a_fault_passes(tmp_path: Path) -> None:
    build(tmp_path, {})
    assert not without_section("data", tmp_path)
    assert not nav_faults(tmp_path)
    assert not dead_links(tmp_path)


def test_a_name_from_nowhere_is_found(tmp_path: Path) -> None:
    build(tmp_path, {"data/__init__.py": '"""Room."""\nfrom .cut import cut\n__all__ = ["cut", "gone"]\n'})
    with pytest.raises(ValueError, match="gone"):
        site_pages.api_page("data", tmp_path)


def test_a_section_that_is_not_written_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(tmp_path, {})
    whole = site_pages.api_page("data", tmp_path)
    assert "::: accord.data.cut.cut" in whole and '<a id="accord.data.cut"></a>' in whole
    for lost, line in [("Kind", "::: accord.data.Kind"), ("cut", '<a id="accord.data.cut"></a>')]:
        monkeypatch.setattr(site_pages, "api_page", lambda room, root, line=line: whole.replace(line, ""))
        assert without_section("data", tmp_path) == [lost]


def test_pages_that_the_nav_lacks_or_invents_are_found(tmp_path: Path) -> None:
    build(
        tmp_path,
        {"docs/lost.md": "", "mkdocs.yml": SMALL["mkdocs.yml"].replace("contributing.md", "how.md\n  - no.md")},
    )
    assert nav_faults(tmp_path) == [
        "contributing.md is not in the nav",
        "how.md is in the nav twice",
        "lost.md is not in the nav",
        "the nav names no.md, which is not there",
    ]


def test_dead_links_are_found(tmp_path: Path) -> None:
    build(tmp_path, {"README.md": "[a](docs/no.md#x) [b](docs/how.md)", "docs/how.md": "see [c\nd](gone.py)."})
    assert dead_links(tmp_path) == ["README.md: docs/no.md", "docs/how.md: gone.py"]


def test_links_hold_on_github_and_on_the_site(tmp_path: Path) -> None:
    build(tmp_path, {})
    assert site_pages.at_home("[a](docs/how.md#b)", tmp_path, tmp_path) == "[a](how.md#b)"
    assert site_pages.at_home("[a](../README.md#b) [c](how.md) [d](#e)", tmp_path / "docs", tmp_path) == (
        "[a](index.md#b) [c](how.md) [d](#e)"
    )
    assert site_pages.at_home("[a](../data/cut.py)", tmp_path / "docs", tmp_path) == "a"
    assert site_pages.at_home("[a](../no.py) [b](no.md)", tmp_path / "docs", tmp_path) == "[a](../no.py) [b](no.md)"


def test_names_are_linked_to_their_sections() -> None:
    places = {
        "Corpus": ["api/data.html#accord.data.Corpus"],
        "mean": ["api/data.html#accord.data.mean"],
        "Outcome": ["api/data.html#accord.data.Outcome", "api/optimizers.html#accord.optimizers.Outcome"],
        "accord.data.mean": ["api/data.html#accord.data.mean"],
    }

    def linked(html: str, url: str = "audits.html") -> list[str]:
        return re.findall(r'href="([^"]*)"', site_pages.with_names_linked(html, url, places))

    corpus, mean = "api/data.html#accord.data.Corpus", "api/data.html#accord.data.mean"
    assert linked("<code>Corpus</code> <code>Corpus.from_csv(a)</code> <code>mean(b)</code>") == [corpus, corpus, mean]
    assert linked("<code>accord.data.mean</code>") == [mean]
    assert linked("<code>mean</code> <code>Other</code> <code>Outcome</code> <code>Corpus x</code>") == []
    assert linked("<code>Outcome</code>", "api/optimizers.html") == ["#accord.optimizers.Outcome"]
    assert linked("<code>Corpus</code>", "api/optimizers.html") == ["../" + corpus]
    kept = "<h3><code>Corpus</code></h3><pre><code>Corpus</code></pre><a href='x'><code>Corpus</code></a>"
    assert site_pages.with_names_linked(kept, "audits.html", places) == kept
