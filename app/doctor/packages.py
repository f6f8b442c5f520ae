"""Knows which packages Accord and its extras ask for, and which of them are there; not what they do."""

import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions, requires, version
from typing import TYPE_CHECKING

from .folder import short
from .record import Line, LineState, why

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_ACCORD = "accord"
_DEMO_EXTRA = "train"
_LEFT_OUT = ("dev", "docs")
"""Extras of those who work on Accord itself."""

PURPOSES = {
    "local": "open models in this process",
    "train": "fine-tuning",
    "qlora": "fine-tuning in 4 bits",
    "crowd": "consensus by Dawid-Skene",
    "embeddings": "embedders in this process",
    "mlflow": "judges of MLflow, best in an environment of its own",
    "serve": "accord serve",
}


@dataclass(frozen=True)
class _Wanted:
    """A package that Accord asks for.

    Attributes:
        name: The distribution.
        versions: Which of its versions will do; empty for any.
        found: The version that is there, or None.
        direct: Whether it is asked for by name, and not through another extra.
    """

    name: str
    versions: str
    found: str | None
    direct: bool = True

    @property
    def fits(self) -> bool:
        """Whether the version that is there will do."""
        from packaging.specifiers import SpecifierSet
        from packaging.version import InvalidVersion

        try:
            return self.found is not None and SpecifierSet(self.versions).contains(self.found, prereleases=True)
        except InvalidVersion:
            return False


def accord() -> Line:
    """Say which Accord this is."""
    try:
        return Line("accord", "ok", version(_ACCORD), needed_by="core")
    except PackageNotFoundError:
        return Line("accord", "wrong", "runs from a folder and is not installed", "pip install -e .", needed_by="core")


def python() -> Line:
    """Say which Python runs it, and whether Accord takes it."""
    from packaging.specifiers import SpecifierSet

    (asked,), found = metadata(_ACCORD).get_all("Requires-Python") or [""], platform.python_version()
    fits = SpecifierSet(asked).contains(found, prereleases=True)
    said = f"{found} in {short(sys.executable)}"
    if fits:
        return Line("Python", "ok", said, needed_by="core", figures={"version": found})
    return Line(
        "Python",
        "wrong",
        f"{said}, not {asked}",
        "install a newer Python",
        needed_by="core",
        figures={"version": found},
    )


def core() -> Line:
    """Say whether the packages that every part of Accord needs are there, and can be loaded."""
    every = list(_wanted(""))
    state, figures = _state(every), _versions(every)
    if state != "ok":
        return Line("packages", state, _faults(every), f"pip install {_ACCORD}", needed_by="core", figures=figures)
    try:
        from ...programs import Rater  # noqa: F401
    except Exception as error:  # libraries that do not fit raise whatever they like
        module = (error.name or "").partition(".")[0] if isinstance(error, ImportError) else ""
        named = packages_distributions().get(module, [module or _ACCORD])[0]
        said = f"all {len(every)} are there, but cannot be loaded ({why(error)})"
        return Line(
            "packages", "wrong", said, f"pip install --force-reinstall {named}", needed_by="core", figures=figures
        )
    dspy = f"; dspy {figures['dspy']}" if "dspy" in figures else ""
    return Line("packages", "ok", f"all {len(every)} are there{dspy}", needed_by="core", figures=figures)


def extras() -> Sequence[Line]:
    """Say of each extra whether its packages are there."""
    return [_extra(name) for name in metadata(_ACCORD).get_all("Provides-Extra") or () if name not in _LEFT_OUT]


def vllm() -> Line:
    """Say which Python has vLLM."""
    from ...data import SetupError
    from ...programs.vllm import PYTHON_VARIABLE, vllm_python

    try:
        found = vllm_python()
    except SetupError as error:
        return Line("vLLM", "wrong" if error.place == PYTHON_VARIABLE else "missing", error.what, error.cure)
    said = f"{found.version}{' (for CPUs)' if found.cpu else ''} in {short(found.path)}"
    return Line("vLLM", "ok", said, figures={"version": found.version, "cpu": found.cpu})


def _extra(name: str) -> Line:
    every = list(_wanted(name))
    state = _state(every)
    has = ", ".join(f"{one.name} {one.found}" for one in every if one.direct)
    said = f"{PURPOSES.get(name, '')}: {has if state == 'ok' else _faults(every)}".removeprefix(": ")
    cure = None if state == "ok" else f"pip install '{_ACCORD}[{name}]'"
    user = "demo" if name == _DEMO_EXTRA else None
    return Line(name, state, said, cure, needed_by=user, figures=_versions(every))


def _wanted(extra: str, of: str = _ACCORD, through: frozenset[tuple[str, str]] = frozenset()) -> Iterator[_Wanted]:
    """Yield what an extra of a distribution asks for, other extras followed; "" is what is asked for without any."""
    from packaging.requirements import Requirement

    for asked in map(Requirement, requires(of) or ()):
        if not _applies(asked, extra):
            continue
        for further in sorted(asked.extras):
            if (asked.name, further) not in through and _found(asked.name) is not None:
                through |= {(asked.name, further)}
                yield from (replace(one, direct=False) for one in _wanted(further, asked.name, through))
        if asked.name != _ACCORD:
            yield _Wanted(asked.name, str(asked.specifier), _found(asked.name))


def _applies(asked: "Requirement", extra: str) -> bool:
    """Tell whether a requirement is one of this machine and of an extra alone ("": of all)."""
    if asked.marker is None:
        return not extra
    holds = asked.marker.evaluate({"extra": extra})
    return holds and not (extra and asked.marker.evaluate({"extra": ""}))


def _found(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _state(every: Sequence[_Wanted]) -> LineState:
    if any(one.found is None for one in every):
        return "missing"
    return "ok" if all(one.fits for one in every) else "wrong"


def _faults(every: Sequence[_Wanted]) -> str:
    """Say what is not there, and what is there in a version that will not do."""
    absent = dict.fromkeys(one.name for one in every if one.found is None)
    others = dict.fromkeys(
        f"{one.name} {one.found} is not {one.versions}" for one in every if one.found and not one.fits
    )
    return "; ".join([*([f"no {', '.join(absent)}"] if absent else []), *others])


def _versions(every: Sequence[_Wanted]) -> dict[str, str | None]:
    return {one.name: one.found for one in every}
