"""Prompts as they are rendered, and replies as they are parsed."""

from .adapter import DEFAULT_MAX_TOKENS, FORMAT_VERSION, RaterAdapter, checklist_of, completion_of
from .checklist_reply import Answers, read_answers
from .parsing import Reply, parse
from .prompt_records import Alternative, Completion, Prompt, Role, Token, Turn, well_formed
from .signature import Order, make_signature, order_of
from .template import TEMPLATES, Template
from .written_label import Unparsed

__all__ = [
    "DEFAULT_MAX_TOKENS",
    "FORMAT_VERSION",
    "TEMPLATES",
    "Alternative",
    "Answers",
    "Completion",
    "Order",
    "Prompt",
    "RaterAdapter",
    "Reply",
    "Role",
    "Template",
    "Token",
    "Turn",
    "Unparsed",
    "checklist_of",
    "completion_of",
    "make_signature",
    "order_of",
    "parse",
    "read_answers",
    "well_formed",
]
