"""Knows how a rater's model moves from this process to a vLLM server; does not know how the server runs."""

from ...data import SetupError
from ..directory import max_tokens_of
from ..local import LocalEngine
from ..vllm import VLLMEngine, vllm_lm
from .rater import Rater


def on_vllm(rater: Rater, *, python: str | None = None, options: tuple[str, ...] = ()) -> Rater:
    """Return the same rater with its model on a vLLM server instead of in this process.

    The server starts with the first item and stops with this process. Ratings agree with those of the local engine but
    for near ties: the two round differently.

    Args:
        rater: A rater on a model in this process, fine-tuned or not.
        python: An interpreter with vLLM; see `vllm_python`.
        options: Further words for vLLM's command line.

    Raises:
        SetupError: If the rater's model does not run in this process.
    """
    engine = rater.lm.engine
    if isinstance(engine, VLLMEngine):
        return rater
    if not isinstance(engine, LocalEngine):
        what = f"the rater's model {rater.lm.model!r} does not run in this process, so vLLM cannot serve it"
        cure = "Leave --engine out; --api-base (resolve_model(..., api_base=)) names the server that has the model."
        raise SetupError(what, place="vLLM", cure=cure)
    served = rater.variant(lm=vllm_lm(engine, max_tokens=max_tokens_of(rater.lm), python=python, options=options))
    served.provenance = rater.provenance
    served.candidates = rater.candidates
    served.measured = rater.measured
    return served
