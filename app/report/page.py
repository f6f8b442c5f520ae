"""Knows how the page about a run is put together and written; does not know what any part of it shows."""

import base64
import hashlib
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from ...data import SetupError, whole_file
from .agreement import agreement_section
from .blocks import Section
from .findings import find_out
from .first_screen import cautions, facts
from .glossary import GLOSSARY
from .items import differences_section, suspects_section
from .ratings import confidence_section, errors_section, length_section
from .review import review_section
from .run_contents import RunContents
from .sections import audits_section, basis_section, cost_section, guideline_section, training_section
from .tables import tables_of
from .traces import traces_section

REPORT_FILE = "report.html"
_TERM = re.compile(r"\[\[([^\]|]+)(?:\|([^\]]+))?\]\]")
"""``[[word]]``, or ``[[word|as it is written here]]``."""


def write_page(contents: RunContents, out: Path | None = None) -> Path:
    """Write the page about a run, whole or not at all, and return where it is.

    Args:
        contents: The run; what it lacks is named on the page.
        out: Where to write; None is ``report.html`` in the run directory.

    Raises:
        SetupError: If the file cannot be written.
    """
    page = render(contents)
    place = contents.folder / REPORT_FILE if out is None else out
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(place) as draft:
            draft.write_text(page, encoding="utf-8")
    except OSError as error:
        cure = "Name a file in a folder that can be written with --out."
        raise SetupError(f"the page cannot be written ({error.strerror})", place=str(place), cure=cure) from None
    return place


def render(contents: RunContents) -> str:
    """Return the page as HTML that needs nothing else."""
    findings = find_out(contents)
    tables = tables_of(contents, findings)
    sections: list[Section] = [
        agreement_section(contents),
        errors_section(contents, tables),
        differences_section(contents, tables),
        length_section(contents, findings),
        confidence_section(contents, findings),
        audits_section(contents),
        traces_section(contents, tables),
        suspects_section(contents, tables),
        review_section(contents),
        training_section(contents),
        guideline_section(contents, tables),
        cost_section(contents, tables),
        basis_section(contents),
    ]
    verdict = [str(sentence) for sentence in contents.report.get("verdict", ())]
    return _template().render(
        task=contents.report.get("task", contents.folder.name),
        verdict=verdict,
        facts=facts(contents),
        cautions=cautions(contents, findings),
        gaps=contents.gaps,
        sections=sections,
        glossary=GLOSSARY,
        style=_asset("report.css"),
        script=_asset("report.js"),
        script_hash=_hash(_asset("report.js")),
    )


@cache
def _template() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"terms": _with_terms, "plain": _without_terms, "slug": _slug}
    return environment.get_template("report.html")


@cache
def _asset(name: str) -> str:
    return resources.files("accord.app.report").joinpath("templates", name).read_text(encoding="utf-8")


def _with_terms(text: str) -> Any:
    """Make the words in double brackets into links that say what they mean; everything else is text."""
    from markupsafe import Markup, escape

    parts: list[Any] = []
    end = 0
    for found in _TERM.finditer(text):
        if found[1] in GLOSSARY:
            parts += [escape(text[end : found.start()]), _term(found[1], found[2])]
            end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _without_terms(text: str) -> str:
    return _TERM.sub(lambda found: found[2] if found[2] is not None else found[1], text)


def _slug(word: str) -> str:
    """Return the id of the place in the glossary where a word is explained."""
    return f"word-{re.sub('[^a-z]+', '-', word.lower())}"


def _term(word: str, written: str | None) -> Any:
    from markupsafe import Markup

    return Markup(
        '<span class="term"><a href="#{0}" aria-describedby="{0}">{1}</a>'
        '<span class="tip" aria-hidden="true">{2}</span></span>'
    ).format(_slug(word), word if written is None else written, GLOSSARY[word])


def _hash(script: str) -> str:
    """Return what a content security policy knows an inline script by."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
