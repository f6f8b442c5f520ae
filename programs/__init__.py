"""Raters: DSPy programs that read an item and rate it, and the models that answer them."""

from .adapter.adapter import FORMAT_VERSION, RaterAdapter
from .adapter.checklist_reply import Answers, read_answers
from .adapter.parsing import Reply, Unparsed, parse
from .adapter.prompt_records import Alternative, Completion, Prompt, Token, Turn, well_formed
from .adapter.signature import Order
from .adapter.template import TEMPLATES, Template
from .audits.ask import AuditRatings, audit_ratings
from .audits.findings import audit_findings
from .audits.injections import ATTACKS, Planted, plant
from .audits.paraphrases import Paraphrases, mechanical_paraphrases, write_paraphrases
from .audits.probes import Probe, ProbeRatings, make_probes
from .audits.record import Audit
from .audits.sample import audit_sample
from .completions.complete import complete
from .completions.prices import Price, litellm_table, price_of
from .completions.requests import (
    NOT_ASKED,
    Ask,
    BatchEngine,
    Feed,
    Sampling,
    StreamingEngine,
    gives_logprobs,
    identity,
    shares_prompt,
)
from .completions.scripted_lm import ScriptedEngine, UnforeseenPrompt, scripted_lm
from .directory.agreement_record import AgreementRow, RowKind, SplitAgreement
from .directory.base_model import base_of
from .guideline.checklist import Checklist, ChecklistQuestion, Threshold
from .guideline.diff import Change, guideline_diff
from .guideline.guideline import Case, Guideline, parse_guideline
from .guideline.rules import GuidelineRule, Part, find_rule, rules_of, with_rule, without_rule
from .local.chat_template import encode_prompt, encode_reply
from .local.embedded_model import embedded_model
from .local.engine import LocalEngine, local_lm, weights_hash
from .local.first_difference import LevelChoice, common_start, level_choice
from .local.model_folder import context_length, read_tokenizer
from .local.speed import Speed
from .local.weights import fold_output
from .number_format import FormatChoice, NumberFormat, number_format, training_format
from .openai_client.pool import OpenAIPool, pooled_lm
from .openai_client.retry import Patience
from .optional_packages import check_installed, need
from .raters.checklist_support import check_writes_labels
from .raters.forced_choice import forced_choice
from .raters.format_check import format_check, format_readings
from .raters.interrater import Interrater, interrater
from .raters.merge_adapter import merge_rater
from .raters.on_vllm import on_vllm
from .raters.pair_rater import Combine, PairRater, PairRatings, open_rater
from .raters.panel import Panel, PanelRatings, Vote
from .raters.rater import Candidate, Rater
from .raters.shareable_copy import copy_rater
from .rating.by_token_logprobs import alternatives_for, weigh_levels
from .rating.rate import rate
from .rating.ratings import Progress, Rating, Ratings, draw_of
from .rating.repeated import rate_repeatedly
from .rating.scored_run import LevelEngine
from .rating.scoring import Rule, Score, Scoring, score
from .rating.token_levels import LevelWeights, level_weights
from .resolve_model import resolve_model
from .threads import allowed_cores, settle_threads
from .vllm.engine import VLLMEngine
from .vllm.lm import VLLMLM, vllm_lm, vllm_model
from .vllm.server import VLLMServer

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
