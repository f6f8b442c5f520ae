"""Knows the model card of a rater: what it rates, from what, how well and how to use it; does not measure anything."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from ...data import Estimate
from .agreement_record import Agreements, SplitAgreement
from .card_metadata import base_record, front_matter
from .card_method import method_sentences
from .record import RaterRecord

_WRITES = {
    "rationale_label": "a rationale, then the label",
    "label_rationale": "the label, then a rationale",
    "label": "the label alone",
}
_SCORES = {
    "mode": "The rating is the label that it writes.",
    "likeliest": "The rating is the label with the highest probability.",
    "mean": "The rating is the mean label of several sampled replies.",
    "expected": "The rating is the expected value over the probabilities of the levels.",
    "median": "The rating is the median over the probabilities of the levels.",
}
_CITE = """The method is that of

```bibtex
@article{zhang2026judgeseyes,
  title   = {Through the Judge's Eyes: Inferred Thinking Traces Improve Reliability of LLM Raters},
  author  = {Zhang, Xingjian and Gao, Tianhong and Jin, Suliang and Wang, Tianhao and Ye, Teng and Adar, Eytan and
             Mei, Qiaozhu},
  journal = {Transactions on Machine Learning Research},
  year    = {2026},
  note    = {arXiv:2510.25860}
}
```"""
_COLUMNS = {"tau_b": "tau-b", "mae": "MAE", "kappa": "kappa", "accuracy": "accuracy"}


def rater_card(
    name: str,
    rater: RaterRecord,
    model: Mapping[str, Any],
    *,
    repository: str | None = None,
    pair: Mapping[str, Any] | None = None,
) -> str:
    """Return the card as markdown in the Hugging Face format.

    Args:
        name: The directory's name.
        rater: The rater.
        model: The record of its model, as in rater.json.
        repository: Where on the Hub it is to be had, if it is published.
        pair: How a rater of pairs is asked in both orders, as in rater.json; None for one that is asked once.
    """
    title = str(rater.provenance.get("task", name))
    parts = [
        f"---\n{front_matter(title, rater.scale, model, rater.provenance, rater.measured)}\n---",
        f"# {title}",
        _section("What it rates", "\n".join([_what(rater, model), *([] if pair is None else [_orders(pair)])])),
        _section("Data", _data(rater.provenance)),
        _section("Method", " ".join(method_sentences(rater.provenance))),
        _section("Agreement with people", _agreement(rater.measured)),
        _section("Limits", _limits(rater, model)),
        _section("How to use it", _use(name, rater, model, repository, "Rater" if pair is None else "PairRater")),
        _section("How to cite", _CITE),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text.strip()}"


def _what(rater: RaterRecord, model: Mapping[str, Any]) -> str:
    fields = ", ".join(f"`{field}`" for field in rater.fields)
    return "\n".join(
        [
            f"- **Item:** {'a text' if len(rater.fields) == 1 else 'texts'} ({fields}).",
            f"- **Label:** {rater.scale.describe()} ({rater.scale.kind} scale).",
            f"- **Reply:** {_reply(rater)}",
            f"- **Guideline:** `guideline.md`, {len(rater.guideline.cases)} worked cases "
            f"(sha256 {rater.guideline.hash[:12]}).",
            f"- **Model:** {_model(model, rater.provenance)}",
        ]
    )


def _orders(pair: Mapping[str, Any]) -> str:
    first, second = (f"`{name}`" for name in pair["fields"])
    by = (
        "the mean of their probabilities decides"
        if pair["combine"] == "probabilities"
        else "both verdicts have to agree"
    )
    rest = {"tie": "is a tie", "none": "has no verdict", "given": "has the verdict in the order given"}[
        pair["disagree"]
    ]
    return f"- **Orders:** asked twice, with {first} and {second} exchanged: {by}. A pair on which they differ {rest}."


def _reply(rater: RaterRecord) -> str:
    if rater.checklist is None:
        return f"{_WRITES[rater.order]}. {_SCORES[rater.scoring.rule]}"
    asked = f"yes or no to each of {len(rater.checklist.questions)} questions. The label is computed from the answers."
    return asked if rater.scoring.rule == "mode" else f"{asked} {_SCORES[rater.scoring.rule]}"


def _model(model: Mapping[str, Any], provenance: Mapping[str, Any]) -> str:
    base = base_record(model, provenance)
    based = f"{base['name']} (sha256 {base['hash'][:12]})" if base else str(provenance.get("base", "an unnamed model"))
    if "weights" in model:
        return f"weights of its own in `weights/`, made from {based}. Nothing else is needed."
    if model.get("adapter"):
        return f"a LoRA adapter in `adapter/` for {based}. The base model is needed as well."
    if base:
        return f"{based}, as it is."
    named = model.get("name") or model.get("server")
    return "none is saved with it." if named is None else f"`{named}`, asked over the network."


def _data(provenance: Mapping[str, Any]) -> str:
    lines = []
    splits = provenance.get("splits")
    dev = provenance.get("dev")
    if isinstance(splits, Mapping):
        lines += ["| split | items | sha256 of items and gold labels |", "|---|---|---|"]
        lines += [f"| {split} | {found['items']:,} | `{found['corpus']}` |" for split, found in splits.items()]
        lines += [""]
    elif isinstance(dev, Mapping):
        made = f"{provenance['items']:,}" if "items" in provenance else "an unknown number of"
        lines.append(f"Made from {made} items, chosen on {dev['items']:,} others (sha256 `{dev['corpus']}`).")
    for key, said in (
        ("corpus", "The whole corpus has"),
        ("traces", "The traces (`traces.parquet`) have"),
        ("journal", "The draws that the traces were taken from have"),
    ):
        found = provenance.get(key)
        known = found.get("sha256") if isinstance(found, Mapping) else found
        if isinstance(known, str):
            lines.append(f"{said} sha256 `{known}`.")
    lines.append("No item of the data is in this directory, unless it is a worked case of the guideline.")
    return "\n".join(lines)


def _agreement(splits: Agreements) -> str:
    if not splits:
        return "Not measured. `accord evaluate` measures it on a file of human labels."
    parts = []
    for name in ("test", "dev", *sorted(set(splits) - {"dev", "test"})):
        if name in splits:
            parts.append(_table(name, splits[name]))
    return "\n\n".join(parts)


def _table(name: str, split: SplitAgreement) -> str:
    own = split.own
    columns = ("tau_b", "mae") if "mae" in own.metrics else ("kappa", "accuracy")
    units = "" if own.groups == own.n else f" in {own.groups:,} groups"
    known = f" (sha256 `{split.corpus[:12]}`)" if split.corpus else ""
    lines = [
        f"**{name}**, {own.n:,} items{units}{known}; in brackets {own.level:.0%} bootstrap intervals over "
        f"{'items' if own.groups == own.n else 'groups'}:",
        "",
        f"| | n | alpha | {' | '.join(_COLUMNS[key] for key in columns)} | unparsed |",
        "|---|---|---|" + "---|" * (len(columns) + 1),
    ]
    for row in split.rows:
        shown = row.name.replace("|", "\\|")
        cells = [_written(row.agreement.metrics.get(key)) for key in ("alpha", *columns)]
        silent = "" if row.kind in ("baseline", "human") else f"{row.agreement.unparsed:,}"
        mark = f"**{shown}**" if row.name == split.chosen else shown
        lines.append(f"| {mark} | {row.agreement.n:,} | {' | '.join(cells)} | {silent} |")
    filled = next((row.agreement.fill for row in split.rows if row.agreement.fill is not None), None)
    lines += ["", "The row in bold is this rater."]
    if filled is not None:
        lines[-1] += f" A reply without a readable label counts as {filled}, the best constant answer."
    return "\n".join([*lines, *([""] if split.findings else []), *(f"- {said}" for said in split.findings)])


def _written(found: Estimate | None) -> str:
    if found is None or found.value is None:
        return "-"
    span = "" if found.low is None or found.high is None else f" [{found.low:.2f}, {found.high:.2f}]"
    return f"{found.value:.2f}{span}"


def _limits(rater: RaterRecord, model: Mapping[str, Any]) -> str:
    limits = [
        "It rates as the people did who labelled its data, their habits and blind spots included. The figures hold for "
        "items like those; measure again (`accord evaluate`) before it is used on others.",
        "Agreement is an average over items. No single rating is certain, and the probabilities of its levels are not "
        "calibrated.",
    ]
    if rater.order != "label":
        limits.append("A rationale is what the rater writes before or after a label. It is no evidence about anybody.")
    if "test" not in rater.measured:
        limits.insert(0, "It was not measured on items that nothing was chosen on; figures of dev are too friendly.")
    elif not any(row.kind == "human" for row in rater.measured["test"].rows):
        limits.append("How well a single person would do is not known: the data have one label an item.")
    if "weights" in model or model.get("adapter"):
        limits.append(
            f"It was proven in {_proven_in(rater)}, its adapter merged in first. Other number formats, and "
            "servers that keep an adapter apart, round otherwise, and may decide close calls differently."
        )
    return "\n".join(f"- {limit}" for limit in limits)


def _proven_in(rater: RaterRecord) -> str:
    """Return the number format of the figures; raters of earlier days, which do not say, had no other."""
    kept = rater.provenance.get("number_format")
    readings = kept.get("readings") if isinstance(kept, dict) else None
    return str(readings["dtype"]) if isinstance(readings, dict) else "bfloat16"


def _use(name: str, rater: RaterRecord, model: Mapping[str, Any], repository: str | None, kind: str) -> str:
    extra = "accord[local]" if "base" in model or "weights" in model else "accord"
    fields = ", ".join(f'{field}="..."' for field in rater.fields)
    shell, names, lm, server = shlex.quote(name), kind, "", ""
    if model.get("server") is not None:
        names, server = f"{kind}, resolve_model", " --api-base http://127.0.0.1:8001/v1"
        lm = f', lm=resolve_model({json.dumps(model["server"])}, api_base="http://127.0.0.1:8001/v1")'
    elif model["name"] is None:
        lm, server = ', lm="openai/gpt-4o-mini"', " --model openai/gpt-4o-mini"
    serving = f"$ accord serve {shell}{server} --port 8000    # pip install 'accord[serve]'"
    lines = [
        "```console",
        f"$ pip install '{extra}'",
        *([] if repository is None else [f"$ hf download {repository} --local-dir {shell}"]),
        "```",
        "",
        "```python",
        f"from accord.programs import {names}",
        "",
        f"rater = {kind}.load({json.dumps(name, ensure_ascii=False)}{lm})",
        f"rating = rater({fields})",
        "print(rating.label, rating.unparsed, rating.rationale)",
        "```",
        "",
        "```console",
        *([] if server else [f"$ accord rate {shell} items.csv --out rated.csv"]),
        *([serving] if kind == "Rater" else []),
        "```",
    ]
    if "base" in model:
        loading = f"`{kind}.load(path, base=FOLDER)`"
        said = f"Where the base model lies elsewhere: {loading}, `--base FOLDER` on the command line."
        lines += ["", said]
    if "weights" in model:
        said = (
            "`weights/` is a folder of transformers with its tokenizer, which vLLM serves as it is. It rates only when "
            "it is asked as the rater asks: `rater.prompt(fields)`."
        )
        lines += ["", said]
    return "\n".join(lines)
