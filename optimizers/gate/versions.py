"""Knows the versions that a guideline went through, by their content; does not know how any of them was made.

The folder holds for each version ``<hash>.md``, the guideline as people read and edit it, and ``<hash>.json``, the
records of its rules; ``history.jsonl`` has a line for each time a version came to be the current one. The last line
tells which is current, so going back to a version is one more line: nothing is ever removed or rewritten.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from ...data import InputError
from ...data.files import write_text_whole
from ...programs import Guideline, rules_of
from ..drafts import RuleRecord

How = Literal["given", "edited", "distilled", "rolled_back"]

_HISTORY = "history.jsonl"
_SHORTEST = 4


@dataclass(frozen=True)
class Step:
    """How a version came to be the current one.

    Attributes:
        version: The version: the guideline's hash.
        how: ``given`` (the first one), ``edited`` by a person, ``distilled``, or ``rolled_back`` to.
        before: The version that was current before; '' for the first.
        time: When, in UTC, as ISO 8601.
        note: What there is to say of it, e.g. which draft was chosen and by how much.
    """

    version: str
    how: How
    before: str = ""
    time: str = ""
    note: str = ""


class GuidelineVersions:
    """A folder of versions.

    Args:
        folder: Where they are; made when the first one is added.
    """

    def __init__(self, folder: str | Path) -> None:
        """Remember the folder."""
        self.folder = Path(folder)

    @property
    def history(self) -> tuple[Step, ...]:
        """Every time a version came to be the current one, the first one first.

        Raises:
            InputError: If the history cannot be read.
        """
        path = self.folder / _HISTORY
        if not path.is_file():
            return ()
        steps: list[Step] = []
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                steps.append(Step(**json.loads(line)))
            except (TypeError, ValueError):
                cure = "Restore the file from a backup, or remove the line."
                raise InputError("it is no step of a history", place=f"{path}, line {number}", cure=cure) from None
        return tuple(steps)

    @property
    def current(self) -> str:
        """The current version; '' where there is none."""
        history = self.history
        return history[-1].version if history else ""

    def find(self, version: str) -> str:
        """Return the version that begins so; an empty text stands for the current one.

        Raises:
            InputError: If none does, or several do.
        """
        known = list(dict.fromkeys(step.version for step in self.history))
        if not version and known:
            return self.current
        found = [one for one in known if len(version) >= _SHORTEST and one.startswith(version.lower())]
        if len(found) != 1:
            shown = ", ".join(one[:12] for one in known) if known else "none"
            what = f"{len(found)} versions begin with {version!r}" if len(found) > 1 else f"no version {version!r}"
            raise InputError(what, place=str(self.folder), cure=f"Give one of: {shown}.")
        return found[0]

    def guideline(self, version: str) -> Guideline:
        """Return a version's guideline.

        Raises:
            InputError: If there is no such version, or its file was changed.
        """
        version = self.find(version)
        path = self.folder / f"{version}.md"
        found = Guideline.from_markdown(path)
        if found.hash != version:
            cure = "Copy it, edit the copy, and compile with that; versions stay as they were."
            raise InputError("the file was changed after it was written", place=str(path), cure=cure)
        return found

    def rules(self, version: str) -> tuple[RuleRecord, ...]:
        """Return the records of a version's rules.

        Raises:
            InputError: If there is no such version, or they cannot be read.
        """
        path = self.folder / f"{self.find(version)}.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            cure = "Distill the guideline anew."
            raise InputError(f"the rules' records cannot be read ({error})", place=str(path), cure=cure) from None
        return tuple(RuleRecord.from_dict(rule, str(path)) for rule in content)

    def known_rules(self) -> tuple[RuleRecord, ...]:
        """Return the records of all rules that any version had, as the latest version with it has them."""
        found: dict[str, RuleRecord] = {}
        for step in self.history:
            found |= {rule.id: rule for rule in self.rules(step.version)}
        return tuple(found.values())

    def add(self, guideline: Guideline, how: How, rules: Sequence[RuleRecord] = (), note: str = "") -> str:
        """Make a guideline the current version, and return the version.

        Adding what is current already changes nothing. Rules without a record get one: what earlier versions say of
        them, else that a person wrote them (``edited``), else that they were there (``original``).

        Args:
            guideline: The guideline.
            how: How it came about.
            rules: The records of its rules, of those that have one.
            note: What there is to say of it.
        """
        before = self.current
        if guideline.hash == before:
            return before
        known = {rule.id: rule for rule in (*self.known_rules(), *rules)}
        author = "human" if how == "edited" else "original"
        records = [known.get(rule.id, RuleRecord.of(rule, author)) for rule in rules_of(guideline)]
        self.folder.mkdir(parents=True, exist_ok=True)
        write_text_whole(self.folder / f"{guideline.hash}.md", guideline.to_markdown() + "\n")
        content = json.dumps([one.to_dict() for one in records], indent=1)
        write_text_whole(self.folder / f"{guideline.hash}.json", f"{content}\n")
        self._step(Step(guideline.hash, how, before, note=note))
        return guideline.hash

    def roll_back(self, version: str, note: str = "") -> str:
        """Make an earlier version the current one again, and return it.

        Raises:
            InputError: If there is no such version, it was changed, or it is the current one.
        """
        version = self.find(version)
        self.guideline(version)
        if version == self.current:
            cure = "'accord guideline show' lists the versions."
            raise InputError(f"{version[:12]} is the current version", place=str(self.folder), cure=cure)
        self._step(Step(version, "rolled_back", self.current, note=note))
        return version

    def _step(self, step: Step) -> None:
        step = replace(step, time=datetime.now(UTC).isoformat(timespec="seconds"))
        with (self.folder / _HISTORY).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(step), ensure_ascii=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
