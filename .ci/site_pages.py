"""Knows the pages of the documentation site that stand in no file of docs/; a hook of mkdocs, read without it.

The README, the guide for contributors and the changelog are read where GitHub shows them, and the pages of the API are
made from the rooms' doors, so none of them can fall behind.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent

LIBRARY = ("data", "programs", "optimizers")
"""The rooms that are imported; the fourth, `app`, is the command line."""

FROM_THE_ROOT = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Files beside docs/ that are pages of the site, and what they are called there."""

LEADS_IN = {
    "data": "Takes labels, files and plain lists; asks no model and needs no torch.",
    "programs": "Asks models. Open models in this process come with the extra `local`.",
    "optimizers": "Takes a rater and labels and hands out a better rater. Fine-tuning comes with the extra `train`.",
}
"""What a reader wants to know of a room before its names."""

POINTED_TO = {"data": {"corpus": ["accord.data.corpus.layout.Layout"]}}
"""What docstrings of public names send the reader to although no door names it, by room and sub-room."""

_LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?![a-z]+:|#)(?P<path>[^)#\s]*)(?P<anchor>#[^)\s]*)?\)")
_CODE = re.compile(
    r"(?P<kept><(?P<tag>a|autoref|pre|h[1-6])\b.*?</(?P=tag)>)|<code>(?P<name>\w+)(?P<rest>[^<]*)</code>", re.DOTALL
)
_FENCED = re.compile(r"^(```|~~~).*?^\1\s*?$", re.MULTILINE | re.DOTALL)


def public_names(door: Path) -> list[str]:
    """Read `__all__` of a door without importing it."""
    for node in ast.parse(door.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return ast.literal_eval(node.value)
    raise ValueError(f"{door} has no __all__: list there what it opens")


def by_module(door: Path) -> dict[str, list[str]]:
    """Group the public names of a room by the sub-room or module they come from, in the order of the door's imports.

    Raises:
        ValueError: Where a name in `__all__` is not imported from a module of the room.
    """
    public = public_names(door)
    groups: dict[str, list[str]] = {}
    for node in ast.parse(door.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
            names = [alias.asname or alias.name for alias in node.names]
            groups.setdefault(node.module.split(".")[0], []).extend(name for name in names if name in public)
    lost = set(public).difference(*groups.values())
    if lost:
        raise ValueError(f"{door} lists what it imports from no module: {', '.join(sorted(lost))}")
    return {module: sorted(names, key=_classes_first) for module, names in groups.items() if names}


def _classes_first(name: str) -> tuple[int, str]:
    return (2 if name.isupper() else 0 if name[0].isupper() else 1), name


def home_of(room: Path, name: str, module: str) -> str:
    """Find the dotted path of a name for griffe, which sees the module where a door has a module and a name alike.

    Args:
        room: Folder of the room.
        name: A public name of the room.
        module: The module of the room that its door takes the name from.

    Returns:
        ``accord.<room>.<name>``, or where the name was defined if a module of the same name stands in the way.
    """
    door, place = _file_of(room, module), [module]
    if door.name == "__init__.py":
        for node in ast.parse(door.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module and name in {alias.name for alias in node.names}:
                place.append(node.module)
    alike = place[-1] == name
    return ".".join(["accord", room.name, *(place if alike else []), name])


def api_page(room: str, root: Path = ROOT) -> str:
    """Write the page of a room: a section for each sub-room, and in it one for every public name."""
    folder = root / room
    door = folder / "__init__.py"
    groups = by_module(door)
    lines = [f"# accord.{room}", "", _docstring(door), LEADS_IN.get(room, ""), ""]
    lines += [f"Every name is imported from `accord.{room}`.", "", "| from | names |", "|---|---|"]
    for module, names in groups.items():
        links = ", ".join(f"[`{name}`](#accord.{room}.{name})" for name in names)
        lines.append(f"| [{_title(module)}](#{_anchor(module)}) | {links} |")
    for module, names in groups.items():
        lines += ["", f"## {_title(module)} {{ #{_anchor(module)} }}", "", _docstring(_file_of(folder, module))]
        for name in names:
            home = home_of(folder, name, module)
            own_anchor = [] if home == f"accord.{room}.{name}" else ["", f'<a id="accord.{room}.{name}"></a>']
            lines += [*own_anchor, "", f"::: {home}"]
        for path in POINTED_TO.get(room, {}).get(module, ()):
            lines += ["", f"::: {path}"]
    return "\n".join(lines) + "\n"


def _title(module: str) -> str:
    words = module.replace("_", " ")
    known = {"dspy": "DSPy", "openai": "OpenAI", "vllm": "vLLM", "finetune": "Fine-tune", "finetuning": "Fine-tuning"}
    for plain, written in known.items():
        words = re.sub(rf"\b{plain}\b", written, words)
    return words if words.startswith("vLLM") else words[0].upper() + words[1:]


def _anchor(module: str) -> str:
    return f"in-{module.replace('_', '-')}"


def _file_of(room: Path, module: str) -> Path:
    folder = room / module
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def _docstring(file: Path) -> str:
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return said.split("\n\n")[0]


def links(markdown: str) -> Iterable[tuple[str, str]]:
    """Yield the relative links of a page, outside its code, as path and anchor."""
    for found in _LINK.finditer(_FENCED.sub("", markdown)):
        yield found["path"], (found["anchor"] or "").removeprefix("#")


def at_home(markdown: str, folder: Path, root: Path = ROOT) -> str:
    """Turn the links of a page in `folder`, which hold on GitHub, into those that hold on the site.

    A link to a page of docs/ or to a file that is a page of the site leads there. Of one to another file of the
    repository, which the site has not, the text is left. Dead links stay as they are, and mkdocs names them.
    """

    def turned(found: re.Match[str]) -> str:
        target = (folder / found["path"]).resolve()
        if target.parent == root / "docs" and target.exists():
            page = target.name
        elif target.parent == root and target.name in FROM_THE_ROOT:
            page = FROM_THE_ROOT[target.name]
        else:
            return found["text"] if found["path"] and target.exists() and root in target.parents else found[0]
        return f"[{found['text']}]({page}{found['anchor'] or ''})"

    return _LINK.sub(turned, markdown)


def generated(root: Path = ROOT) -> dict[str, str]:
    """Write all pages that stand in no file of docs/, by their path on the site."""
    pages = {
        page: at_home((root / file).read_text(encoding="utf-8"), root, root) for file, page in FROM_THE_ROOT.items()
    }
    pages["index.md"] = "---\ntitle: Home\n---\n\n" + pages["index.md"]
    return pages | {f"api/{room}.md": api_page(room, root) for room in LIBRARY}


def anchors(root: Path = ROOT) -> dict[str, list[str]]:
    """Name the places where each public name is explained, by name and by path; a few names stand in two rooms."""
    places: dict[str, list[str]] = {}
    for room in LIBRARY:
        for name in public_names(root / room / "__init__.py"):
            path = f"accord.{room}.{name}"
            places[path] = [f"api/{room}.html#{path}"]
            places.setdefault(name, []).extend(places[path])
        for paths in POINTED_TO.get(room, {}).values():
            places |= {path: [f"api/{room}.html#{path}"] for path in paths}
    return places


def with_names_linked(html: str, url: str, places: dict[str, list[str]]) -> str:
    """Link what a page has in code to where it is explained: classes, and functions that are written as calls.

    Args:
        html: The page.
        url: Its path on the site.
        places: What `anchors` found.

    Returns:
        The page; headings, listings and what is linked already are left alone.
    """
    up = "../" * url.count("/")

    def linked(found: re.Match[str]) -> str:
        if found["kept"]:
            return found[0]
        name, rest = found["name"], found["rest"]
        if name + rest in places and "." in rest:
            name = name + rest
        elif not rest.startswith("(") and (name[0].islower() or (rest and rest[0] != ".")):
            return found[0]
        known = places.get(name, [])
        here = [place for place in known if place.startswith(f"{url}#")]
        if len(here or known) != 1:
            return found[0]
        target = here[0].removeprefix(url) if here else up + known[0]
        return f'<a class="to-api" href="{target}"><code>{found["name"]}{rest}</code></a>'

    return _CODE.sub(linked, html)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages; mkdocs calls this once it has listed docs/."""
    from mkdocs.structure.files import File  # only here: tests read this module without mkdocs

    for path, content in generated().items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_kept: object) -> str:
    """Mend the links of a page of docs/ to files beside docs/; mkdocs calls this for each page."""
    if page.parent is None:
        page.meta["hide"] = ["navigation"]  # it would name this page alone
    return at_home(markdown, ROOT / "docs")


def on_page_content(html: str, page: Page, **_kept: object) -> str:
    """Link the names of the library to their sections; mkdocs calls this for each page."""
    return with_names_linked(html, page.url, anchors())
