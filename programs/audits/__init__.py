"""Asking a rater again under other conditions."""

from .ask import AuditRatings, audit_ratings
from .findings import audit_findings
from .injections import ATTACKS, Planted, plant
from .paraphrases import Paraphrases, mechanical_paraphrases, write_paraphrases
from .probes import AnyRater, Probe, ProbeRatings, make_probes, repeats_itself, single
from .record import Audit
from .sample import audit_sample

__all__ = [
    "ATTACKS",
    "AnyRater",
    "Audit",
    "AuditRatings",
    "Paraphrases",
    "Planted",
    "Probe",
    "ProbeRatings",
    "audit_findings",
    "audit_ratings",
    "audit_sample",
    "make_probes",
    "mechanical_paraphrases",
    "plant",
    "repeats_itself",
    "single",
    "write_paraphrases",
]
