"""The rater directory on disk."""

from .agreement_record import AgreementRow, RowKind, SplitAgreement, dev_agreement, single_agreement
from .base_model import base_of
from .card import rater_card
from .files import CARD, CURE, PAIR_KIND, RECORD, check_place, rater_record, write_record
from .model import licences, local_engine, max_tokens_of
from .read import check_either, read_model, read_rater
from .record import RaterRecord
from .write import write_rater

__all__ = [
    "CARD",
    "CURE",
    "PAIR_KIND",
    "RECORD",
    "AgreementRow",
    "RaterRecord",
    "RowKind",
    "SplitAgreement",
    "base_of",
    "check_either",
    "check_place",
    "dev_agreement",
    "licences",
    "local_engine",
    "max_tokens_of",
    "rater_card",
    "rater_record",
    "read_model",
    "read_rater",
    "single_agreement",
    "write_rater",
    "write_record",
]
