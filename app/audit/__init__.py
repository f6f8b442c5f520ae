"""What `accord audit` does."""

from .plan import AuditOptions
from .record import AUDIT_SCHEMA
from .run import audit_file, plan_file

__all__ = [
    "AUDIT_SCHEMA",
    "AuditOptions",
    "audit_file",
    "plan_file",
]
