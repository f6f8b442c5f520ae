"""Knows the errors Accord raises on purpose and how each reads in one line; knows nothing about who catches them.

AccordError            anything Accord refuses to do, with the cure in the message
|-- InputError         fix your input: a file, a row, a label, an argument's value
|-- SetupError         fix your set-up: a missing extra, a model that does not exist, a call that makes no sense
`-- RetryError         try again: a server or a lock that was busy, nothing you need to change

The tree is split by the cure. What goes wrong with one item (an unreadable completion, a refused request) is a record
with a reason, never one of these.
"""

import re

_BREAKS = re.compile(r"\s*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+\s*")


class AccordError(Exception):
    """Root of the errors Accord raises on purpose; ``str()`` is always one line.

    The line reads ``{place}: {what}. {cure}``; parts that are absent leave no trace.

    Args:
        what: What is wrong, as a sentence without its full stop.
        place: Where it is, e.g. ``"labels.csv, line 7, column 'stars'"``.
        cure: What to do about it, as one or more full sentences.
    """

    def __init__(self, what: str, *, place: str | None = None, cure: str | None = None) -> None:
        """Keep the three parts of the message."""
        super().__init__(what, place, cure)
        self.what = what
        self.place = place
        self.cure = cure

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild with keywords, so that errors survive the way back from a worker process."""
        return _rebuild, (type(self), self.what, self.place, self.cure)

    def __str__(self) -> str:
        """Return ``{place}: {what}. {cure}`` on one line."""
        line = self.what if self.place is None else f"{self.place}: {self.what}"
        if self.cure is not None:
            line = f"{line}{'' if line.endswith(('.', '!', '?')) else '.'} {self.cure}"
        return _BREAKS.sub(" ", line).strip()


class InputError(AccordError):
    """What was handed in is wrong: fix your input."""


class SetupError(AccordError):
    """What Accord needs around it is missing or does not fit together: fix your set-up."""


class RetryError(AccordError):
    """Something outside was busy or away for the moment: try again."""


def _rebuild(kind: type[AccordError], what: str, place: str | None, cure: str | None) -> AccordError:
    return kind(what, place=place, cure=cure)
