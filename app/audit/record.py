"""Knows what an audit has to tell, as the record that is written to audit.json; does not know how it is shown."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...data import Agreement
from ...optimizers import Bill
from ...programs import Audit, Paraphrases, ProbeRatings
from .inputs import AuditData
from .plan import AuditOptions, AuditPlan

AUDIT_SCHEMA = 1
"""Of audit.json."""


@dataclass(frozen=True)
class AskedSet:
    """A set of ratings, and what it cost in this run.

    Attributes:
        found: The ratings.
        cost: What was paid now; what a journal had is free.
    """

    found: ProbeRatings
    cost: Bill

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, without the ratings themselves."""
        probe = self.found.probe
        return {
            "name": probe.name,
            "kind": probe.kind,
            "items": len(probe.corpus),
            "asked": self.found.asked,
            "replies_an_item": 1 if probe.repeats is None else probe.repeats,
            "calls": self.cost.calls,
            "prompt_tokens": self.cost.prompt_tokens,
            "completion_tokens": self.cost.completion_tokens,
            "unparsed": dict(self.found.unparsed),
            "first_error": self.found.first_error,
        }


@dataclass(frozen=True)
class AuditReport:
    """What an audit found and what it stands on.

    Attributes:
        folder: The rater's directory, as it was given.
        record: The rater's own record: its hash, its guideline's, its scale.
        model: The name of the model that answered.
        data: The items.
        options: What was asked for.
        plan: What was still to be asked when it started.
        sets: What was asked, in its order.
        spent: What the rater's replies cost in this run.
        writing: What a writer's paraphrases cost in this run.
        stopped: Which limit ended it; empty where none did.
        paraphrases: The guidelines that should ask for the same.
        agreement: The rater's agreement with people as deployed; None without gold labels.
        audits: What was found.
        seconds: How long it took.
    """

    folder: str
    record: Mapping[str, Any]
    model: str
    data: AuditData
    options: AuditOptions
    plan: AuditPlan
    sets: tuple[AskedSet, ...]
    spent: Bill
    writing: Bill
    stopped: str
    paraphrases: Paraphrases
    agreement: Agreement | None
    audits: tuple[Audit, ...]
    seconds: float

    @property
    def summary(self) -> str:
        """Sum up in one sentence what speaks against the rater, and how much was not looked at."""
        run = [audit for audit in self.audits if audit.state != "not run"]
        faults = [audit.name for audit in run if audit.against and audit.state == "found"]
        counts = Counter(audit.state for audit in self.audits)
        if not run:
            return "No audit was run."
        many = f"{len(faults)} of {_counted(len(run), 'audit')}"
        first = f"{many} speak{'s' * (len(faults) == 1)} against the rater: {', '.join(faults)}"
        parts = [first if faults else f"None of {_counted(len(run), 'audit')} speaks against the rater"]
        if counts["unmeasured"]:
            parts.append(f"{counts['unmeasured']} of them could not be measured")
        if counts["not run"]:
            parts.append(f"{_counted(counts['not run'], 'audit')} not run")
        return f"{'; '.join(parts)}."

    def calls_of(self, audit: Audit) -> int:
        """Return the calls made now for an audit: for its sets that no earlier one stands on, nor all of them."""
        earlier = self.audits[: self.audits.index(audit)]
        paid = {name for other in earlier for name in other.sets}
        own = [one for one in self.sets if one.found.probe.name in audit.sets and one.found.probe.kind != "deployed"]
        return sum(one.cost.calls for one in own if one.found.probe.name not in paid)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data without NaN: what audit.json holds."""
        options, data = self.options, self.data
        return {
            "schema": AUDIT_SCHEMA,
            "summary": self.summary,
            "rater": {
                "folder": self.folder,
                "sha256": self.record["sha256"],
                "guideline": self.record["guideline"],
                "scoring": self.record.get("scoring"),
                "model": self.model,
            },
            "data": {
                "file": str(data.path),
                "items": len(data.whole),
                "audited": len(data.sample),
                "hash": data.whole.hash,
                "gold": data.golden,
                "dropped": dict(data.whole.dropped),
            },
            "scale": data.whole.scale.to_dict(),
            "seed": options.seed,
            "resamples": options.resamples,
            "wanted": options.wanted,
            "budget": options.budget.to_dict(),
            "plan": self.plan.to_dict(),
            "spent": self.spent.to_dict(),
            "spent_on_paraphrases": self.writing.to_dict(),
            "stopped": self.stopped,
            "sets": [one.to_dict() for one in self.sets],
            "paraphrases": {
                "guidelines": {
                    name: told.with_cases().to_markdown() for name, told in self.paraphrases.guidelines.items()
                },
                "failures": dict(self.paraphrases.failures),
            },
            "agreement": None if self.agreement is None else self.agreement.to_dict(),
            "audits": [audit.to_dict() for audit in self.audits],
            "seconds": round(self.seconds, 2),
        }


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
