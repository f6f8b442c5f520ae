"""Knows how people's review of traces, labels and rules is shown on the page about a run; asks nobody."""

from collections.abc import Mapping
from typing import Any

from .blocks import Block, Section, TableBlock, TextBlock, count_cell, share, shares, some
from .run_contents import RunContents


def review_section(contents: RunContents) -> Section:
    """Show how often people recognised their reasoning, and what they said of doubtful labels and of rules."""
    section = ("review", "What people say of the traces")
    if not contents.review:
        said = (
            f"Nobody has been asked yet. 'accord review {contents.folder}' opens a page on which annotators pick the "
        )
        said += "trace that is closest to their own reasoning."
        return Section(*section, [TextBlock(said, "missing")])
    blocks: list[Block] = []
    if contents.review.get("traces"):
        blocks += _recognised(contents.review["traces"])
    if contents.review.get("labels"):
        blocks.append(_labels(contents.review["labels"]))
    for rule in contents.review.get("rules", ()):
        verdicts = ", ".join(f"{name}: {many}" for name, many in rule["verdicts"].items())
        comments = " ".join(f'{one["reviewer"]}: "{one["comment"]}"' for one in rule["comments"])
        blocks.append(TextBlock(f'Rule "{rule["text"]}": {verdicts}. {comments}'))
    return Section(*section, blocks)


def _recognised(traces: Mapping[str, Any]) -> list[Block]:
    found = traces["recognised"]
    said = (
        f"People recognised their reasoning in {share(found['value'])} of {some(traces['choices'], 'choice')} on "
        f"{some(traces['items'], 'train item')} (95 % interval {shares(found['low'], found['high'])}): they picked a "
        "trace as the closest to their own, and did not write one or turn all down."
    )
    blocks: list[Block] = [TextBlock(said)]
    agreed = traces["agreement"]
    if agreed.get("value") is not None:
        blocks.append(
            TextBlock(
                f"Two people made the same choice in {share(agreed['value'])} of {some(agreed['pairs'], 'pair')} (95 % "
                f"interval {shares(agreed['low'], agreed['high'])}; blind choices: {share(agreed['by_chance'])})."
            )
        )
    rows = [
        (
            name,
            count_cell(one["choices"]),
            share(one["recognised"]["value"]),
            shares(one["recognised"]["low"], one["recognised"]["high"]),
            count_cell(one["own_words"]),
            count_cell(one["none"]),
        )
        for name, one in traces["by_reviewer"].items()
    ]
    heads = ("reviewer", "choices", "recognised", "95 % interval", "own words", "none fits")
    return [*blocks, TableBlock("By reviewer; train items.", heads, rows)]


def _labels(labels: Mapping[str, Any]) -> TableBlock:
    rows = [
        (
            name,
            count_cell(one["choices"]),
            count_cell(one["kept"]),
            count_cell(one["changed"]),
            count_cell(one["cannot_say"]),
        )
        for name, one in {"all": labels, **labels["by_reviewer"]}.items()
    ]
    return TableBlock(
        f"What reviewers say of doubtful labels ({some(labels['items'], 'train item')}).",
        ("reviewer", "verdicts", "label kept", "corrected", "cannot say"),
        rows,
    )
