"""Raters: DSPy programs that read an item and rate it, and the models that answer them."""

from .adapter import FORMAT_VERSION, RaterAdapter
from .attacks import ATTACKS, Planted, plant
from .audit_findings import audit_findings
from .audit_record import Audit
from .audit_sample import audit_sample
from .audits import AuditRatings, audit_ratings
from .candidate import Candidate
from .checklist import Checklist, ChecklistQuestion, Threshold
from .checklist_limits import check_writes_labels
from .checklist_reply import Answers, read_answers
from .completions import (
    NOT_ASKED,
    Ask,
    BatchEngine,
    Feed,
    Sampling,
    StreamingEngine,
    complete,
    gives_logprobs,
    identity,
    shares_prompt,
)
from .embedded import embedded_model
from .encoding import encode_prompt, encode_reply
from .extras import check_installed, need
from .forced_choice import forced_choice
from .format_check import format_check, format_readings
from .guideline import Case, Guideline, parse_guideline
from .guideline_diff import Change, guideline_diff
from .interrater import Interrater, interrater
from .level_choice import LevelChoice, common_start, level_choice
from .level_tokens import LevelWeights, level_weights
from .local_model import LocalEngine, local_lm, weights_hash
from .local_speed import Speed
from .merging import merge_rater
from .model_reading import context_length, read_tokenizer
from .models import resolve_model
from .number_format import FormatChoice, NumberFormat, number_format, training_format
from .openai_pool import OpenAIPool
from .pair_rater import Combine, PairRater, PairRatings
from .pair_saving import open_rater
from .panel import Panel, PanelRatings, Vote
from .paraphrases import Paraphrases, mechanical_paraphrases, write_paraphrases
from .parsing import Reply, Unparsed, parse
from .pooled_lm import pooled_lm
from .prices import Price, litellm_table, price_of
from .probes import Probe, ProbeRatings, make_probes
from .prompt import Alternative, Completion, Prompt, Token, Turn, well_formed
from .rater import Rater
from .rater_agreement import AgreementRow, RowKind, SplitAgreement
from .rater_base import base_of
from .rater_copy import copy_rater
from .rating_run import Progress, Rating, Ratings, draw_of, rate
from .repeats import rate_repeatedly
from .retrying import Patience
from .rules import GuidelineRule, Part, find_rule, rules_of, with_rule, without_rule
from .scored_run import LevelEngine
from .scoring import Rule, Score, Scoring, score
from .scripted import ScriptedEngine, UnforeseenPrompt, scripted_lm
from .signatures import Order
from .template import TEMPLATES, Template
from .threads import allowed_cores, settle_threads
from .token_rating import alternatives_for, weigh_levels
from .vllm_engine import VLLMEngine
from .vllm_lm import VLLMLM, vllm_lm, vllm_model
from .vllm_rater import on_vllm
from .vllm_server import VLLMServer
from .weights import fold_output

__all__ = [
    "ATTACKS",
    "FORMAT_VERSION",
    "NOT_ASKED",
    "TEMPLATES",
    "VLLMLM",
    "AgreementRow",
    "Alternative",
    "Answers",
    "Ask",
    "Audit",
    "AuditRatings",
    "BatchEngine",
    "Candidate",
    "Case",
    "Change",
    "Checklist",
    "ChecklistQuestion",
    "Combine",
    "Completion",
    "Feed",
    "FormatChoice",
    "Guideline",
    "GuidelineRule",
    "Interrater",
    "LevelChoice",
    "LevelEngine",
    "LevelWeights",
    "LocalEngine",
    "NumberFormat",
    "OpenAIPool",
    "Order",
    "PairRater",
    "PairRatings",
    "Panel",
    "PanelRatings",
    "Paraphrases",
    "Part",
    "Patience",
    "Planted",
    "Price",
    "Probe",
    "ProbeRatings",
    "Progress",
    "Prompt",
    "Rater",
    "RaterAdapter",
    "Rating",
    "Ratings",
    "Reply",
    "RowKind",
    "Rule",
    "Sampling",
    "Score",
    "Scoring",
    "ScriptedEngine",
    "Speed",
    "SplitAgreement",
    "StreamingEngine",
    "Template",
    "Threshold",
    "Token",
    "Turn",
    "UnforeseenPrompt",
    "Unparsed",
    "VLLMEngine",
    "VLLMServer",
    "Vote",
    "allowed_cores",
    "alternatives_for",
    "audit_findings",
    "audit_ratings",
    "audit_sample",
    "base_of",
    "check_installed",
    "check_writes_labels",
    "common_start",
    "complete",
    "context_length",
    "copy_rater",
    "draw_of",
    "embedded_model",
    "encode_prompt",
    "encode_reply",
    "find_rule",
    "fold_output",
    "forced_choice",
    "format_check",
    "format_readings",
    "gives_logprobs",
    "guideline_diff",
    "identity",
    "interrater",
    "level_choice",
    "level_weights",
    "litellm_table",
    "local_lm",
    "make_probes",
    "mechanical_paraphrases",
    "merge_rater",
    "need",
    "number_format",
    "on_vllm",
    "open_rater",
    "parse",
    "parse_guideline",
    "plant",
    "pooled_lm",
    "price_of",
    "rate",
    "rate_repeatedly",
    "read_answers",
    "read_tokenizer",
    "resolve_model",
    "rules_of",
    "score",
    "scripted_lm",
    "settle_threads",
    "shares_prompt",
    "training_format",
    "vllm_lm",
    "vllm_model",
    "weigh_levels",
    "weights_hash",
    "well_formed",
    "with_rule",
    "without_rule",
    "write_paraphrases",
]
