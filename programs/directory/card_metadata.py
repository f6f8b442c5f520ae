"""Knows the YAML that opens a model card on the Hugging Face Hub; does not know the card's text."""

from collections.abc import Mapping
from typing import Any

import yaml

from ...data import Scale
from .agreement_record import Agreements, SplitAgreement

_PIPELINE = "text-classification"
_METRICS = {
    "alpha": ("krippendorff_alpha", "Krippendorff's alpha"),
    "kappa": ("cohen_kappa", "Cohen's kappa"),
    "tau_b": ("kendalltau", "Kendall's tau-b"),
    "spearman": ("spearmanr", "Spearman's rho"),
    "mae": ("mae", "MAE"),
    "accuracy": ("accuracy", "accuracy"),
}
"""Metric -> the Hub's type and the name shown there. The rest is in agreement.json."""


def front_matter(
    title: str, scale: Scale, model: Mapping[str, Any], provenance: Mapping[str, Any], splits: Agreements
) -> str:
    """Return the YAML between the dashes; what is not known is left out.

    Where the Hub's library is installed it renders the YAML, and so checks it.

    Args:
        title: The rater's name.
        scale: What it rates on.
        model: The record of its model.
        provenance: Where it comes from; ``license`` and ``language`` in it come before what the base model states.
        splits: How it agrees with people; test if there is one, else dev, becomes the ``model-index``.
    """
    base = base_record(model, provenance)
    front: dict[str, Any] = {}
    for key in ("license", "language"):
        stated = provenance.get(key, base.get(key))
        if stated is not None:
            front[key] = stated
    if base.get("id") is not None:
        relation = "adapter" if model.get("adapter") and "weights" not in model else "finetune"
        front["base_model"] = base["id"]
        if model.get("adapter") or "weights" in model:
            front["base_model_relation"] = relation
    front["library_name"] = "accord"
    front["pipeline_tag"] = _PIPELINE
    front["tags"] = ["accord", "dspy", "llm-as-a-judge", "rater", scale.kind] + ["lora"] * bool(model.get("adapter"))
    name = next((name for name in ("test", "dev") if name in splits), None)
    index = None if name is None else _index(title, name, splits[name])
    if index is not None:
        front["model-index"] = index
    try:
        from huggingface_hub.repocard_data import ModelCardData  # comes with most extras
    except ImportError:
        return yaml.safe_dump(front, sort_keys=False, allow_unicode=True).strip()
    return ModelCardData(**front).to_yaml()


def base_record(model: Mapping[str, Any], provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is known of the base model, also where the weights made from it are the rater's own.

    It is in the record of the model, else in the provenance: in ``merged`` for an adapter that was merged in, in
    ``base_model`` for a model that was trained whole.
    """
    merged = provenance.get("merged")
    inner = merged.get("base") if isinstance(merged, Mapping) else None
    found = (model.get("base"), inner, provenance.get("base_model"))
    return next((one for one in found if isinstance(one, Mapping)), {})


def _index(title: str, name: str, split: SplitAgreement) -> list[dict[str, Any]] | None:
    """Return the figures in the form of Papers with Code, or None where none is defined."""
    metrics, level = [], f"{split.own.level:.0%}"
    for key, (kind, shown) in _METRICS.items():
        found = split.own.metrics.get(key)
        if found is None or found.value is None:
            continue
        span = (
            "" if found.low is None or found.high is None else f", {level} interval {found.low:.3f} to {found.high:.3f}"
        )
        metrics.append({"type": kind, "value": round(found.value, 4), "name": f"{shown}{span}"})
    if not metrics:
        return None
    dataset: dict[str, Any] = {"name": f"{title}, human labels", "type": "private", "split": name}
    if split.corpus:
        dataset["revision"] = split.corpus
    return [{"name": title, "results": [{"task": {"type": _PIPELINE}, "dataset": dataset, "metrics": metrics}]}]
