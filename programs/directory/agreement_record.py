"""Knows the record of how a rater and others agree with people, split by split; does not know how it was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ...data import Agreement, Estimate, InputError

_SCHEMA = 1
"""Of agreement.json."""

RowKind = Literal["candidate", "zero-shot", "teacher", "baseline", "human"]


@dataclass(frozen=True)
class AgreementRow:
    """A rater, a baseline or a person, measured on the items of a split.

    Attributes:
        name: How it is called.
        kind: What it is.
        agreement: Its agreement with gold.
    """

    name: str
    kind: RowKind
    agreement: Agreement


@dataclass(frozen=True)
class SplitAgreement:
    """How a rater and those it is read against agree with people on the same items.

    Attributes:
        rows: Everyone who was measured.
        chosen: Name of the row of the rater itself.
        corpus: SHA-256 of the items and their gold labels (`Corpus.hash`); empty where it is not known.
        findings: What the figures mean, in sentences.
    """

    rows: tuple[AgreementRow, ...]
    chosen: str
    corpus: str = ""
    findings: tuple[str, ...] = ()

    @property
    def own(self) -> Agreement:
        """The rater's own agreement."""
        return next(row.agreement for row in self.rows if row.name == self.chosen)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data without NaN: what agreement.json holds of a split."""
        rows = [{"name": row.name, "kind": row.kind, **row.agreement.to_dict()} for row in self.rows]
        head = {"corpus": self.corpus, "n": self.own.n, "chosen": self.chosen}
        return {**head, "findings": list(self.findings), "rows": rows}


Agreements = Mapping[str, SplitAgreement]
"""By split, ``dev`` and ``test``."""


def dev_agreement(candidates: Mapping[str, Agreement], chosen: str, provenance: Mapping[str, Any]) -> SplitAgreement:
    """Return how the candidates of a compile, by name, agreed on dev."""
    dev = provenance.get("dev")
    corpus = str(dev.get("corpus", "")) if isinstance(dev, Mapping) else ""
    rows = (AgreementRow(name, "candidate", agreement) for name, agreement in candidates.items())
    return SplitAgreement(tuple(rows), chosen, corpus)


def single_agreement(found: Agreement) -> SplitAgreement:
    """Return the record of a rater that was measured alone."""
    return SplitAgreement((AgreementRow("rater", "candidate", found),), "rater")


def agreements_to_dict(splits: Agreements) -> dict[str, Any]:
    """Return the content of agreement.json."""
    return {"schema": _SCHEMA, "splits": {name: found.to_dict() for name, found in splits.items()}}


def agreements_from_dict(data: Any, place: str) -> dict[str, SplitAgreement]:
    """Read what `agreements_to_dict` wrote.

    Raises:
        InputError: If it is not that, or of another schema.
    """
    try:
        if data["schema"] != _SCHEMA:
            raise ValueError(f"schema {data['schema']}, this Accord reads {_SCHEMA}")
        return {name: _split(found) for name, found in data["splits"].items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        cure = "Copy the whole directory again, or compile the rater anew."
        raise InputError(f"the agreement cannot be read ({error!r})", place=place, cure=cure) from None


def _split(data: Mapping[str, Any]) -> SplitAgreement:
    rows = []
    for row in data["rows"]:
        given = {key: value for key, value in row.items() if key not in ("name", "kind", "metrics")}
        metrics = {name: Estimate(**found) for name, found in row["metrics"].items()}
        rows.append(AgreementRow(row["name"], row["kind"], Agreement(**given, metrics=metrics)))
    if all(row.name != data["chosen"] for row in rows):
        raise ValueError(f"no row is called {data['chosen']!r}")
    return SplitAgreement(tuple(rows), data["chosen"], data["corpus"], tuple(data["findings"]))
