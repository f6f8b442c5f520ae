"""What comes back: what each trace says of itself, that everything adds up, and the tables."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pyarrow.parquet
import pytest

from accord.data import Corpus, Ordinal
from accord.optimizers import AnyAnnotator, Confident, Exhaust, First, Hints, RejectionSampling, Traces
from accord.programs import Price, Rater, scripted_lm
from worlds.rater_world import RaterWorld

WORLD = RaterWorld(items=60, hit_rate=[0.1, 0.5, 0.9], guessable=0.2, failures=0.1, groups=10)


def drawn(world: RaterWorld = WORLD, *, engine: Literal["batch", "feed", "single"] = "batch", **options) -> Traces:
    corpus = world.corpus()
    rater = Rater(corpus.scale, fields=corpus.fields, lm=world.teacher_lm(engine=engine))
    traces = RejectionSampling(8, **options).infer(rater, trainset=corpus.examples())
    bill = rater.lm.engine
    assert (traces.spent.prompt_tokens, traces.spent.completion_tokens, traces.spent.calls) == (
        bill.billed_prompt_tokens,  # pyright: ignore
        bill.billed_completion_tokens,  # pyright: ignore
        bill.requests if engine != "single" else len(bill.asked),  # pyright: ignore
    ), "every token that the engine billed is on the bill"
    return traces


def test_a_trace_says_where_it_comes_from() -> None:
    traces = drawn(stop=Confident())
    items = {item.item_id: item for item in traces.items}
    assert len(traces) > 10
    for trace in traces:
        item = items[trace["item_id"]]
        assert item.chosen is not None
        chosen = item.draws[item.chosen]
        assert trace["kind"] == "blind" and trace["weight"] == trace["confidence"] == item.confidence >= 0.95
        assert (trace["hits"], trace["draws"]) == (sum(item.matches), len(item.draws))
        assert trace["rationale"] == chosen.rationale and trace["label"] == chosen.label == item.gold
        assert trace["group"] == item.example["group"] and trace["text"] == item.example["text"]
        assert list(trace.inputs().keys()) == ["text"]
        assert trace["provenance"] == {
            "model": traces.source.model,
            "sampling": dict(traces.source.sampling),
            "prompt": chosen.prompt,
            "index": chosen.index,
        }
        others = [draw for other in traces.items if other is not item for draw in other.draws]
        reached = sum(draw.label == item.gold and bool(draw.rationale) for draw in others)
        assert trace["lift"] == pytest.approx(item.hits / len(item.draws) * len(others) / reached)


def test_hinted_traces_are_told_apart() -> None:
    traces = drawn(stop=First(), hint=Hints(samples=4, weight=0.25), filters=())
    hinted = [trace for trace in traces if trace["kind"] == "hinted"]
    assert len(hinted) == traces.outcomes["hinted"] > 0
    assert all(trace["weight"] == 0.25 and trace["hits"] == 0 for trace in hinted)
    assert all("label" not in trace["rationale"].lower() for trace in hinted)
    # They count neither for utilization nor for the blind outcomes.
    assert traces.utilization().accepted == traces.outcomes["blind"] == len(traces) - len(hinted)


@pytest.mark.parametrize("stop", [First(), Confident(), Exhaust()])
def test_outcomes_draws_and_requests_add_up(stop: First | Confident | Exhaust) -> None:
    world = RaterWorld(items=60, hit_rate=[0.1, 0.9], failures=0.2, errors=0.2)
    traces = drawn(world, stop=stop)
    assert sum(traces.outcomes.values()) == 60 == len(traces) + len(traces.unexplained())
    made = sum(len(item.draws) for item in traces.items)
    hits = sum(item.hits for item in traces.items)
    no_reason = sum(not draw.rationale for item in traces.items for draw in item.draws if draw.label is not None)
    assert made == traces.asked == traces.cost().draws == traces.utilization().draws
    assert hits + len(traces.rejected()) + traces.unparsed.total() == made
    assert no_reason <= len(traces.rejected())
    assert traces.errors == traces.failures.total() > 0 and set(traces.failures) == {"ServerError"}
    if isinstance(stop, Exhaust):
        assert made + traces.errors == 60 * 8


@pytest.mark.parametrize("engine", ["batch", "feed", "single"])
def test_cost_is_what_the_engine_billed(engine: Literal["batch", "feed", "single"]) -> None:
    traces = drawn(engine=engine, stop=First(), hint="fallback", price=Price.per_million(1, 4))
    cost = traces.cost()
    assert cost.run.tokens == cost.prompt_tokens + cost.completion_tokens
    assert cost.asked == cost.draws == sum(len(item.all_draws) for item in traces.items)
    assert cost.usd == cost.run.usd == pytest.approx((cost.prompt_tokens + 4 * cost.completion_tokens) / 1e6)
    assert cost.tokens_per_trace == cost.run.tokens / len(traces)
    assert json.loads(json.dumps(cost.to_dict()))["run"]["calls"] == cost.run.calls


def twins() -> Corpus:
    """Return three texts, each shown by two items with different labels."""
    records = [{"id": f"{text}-{label}", "text": text, "label": label} for text in "abc" for label in (2, 4)]
    return Corpus.from_records(records, fields=["text"], label="label", id="id", scale=Ordinal(1, 5))


def test_items_with_the_same_text_share_their_draws_and_pay_once() -> None:
    corpus = twins()
    lm = scripted_lm(lambda prompt, draw: f"Reason: this is draw {draw} of it\nLabel: {2 if draw < 3 else 4}")
    rater = Rater(corpus.scale, fields=("text",), lm=lm)
    traces = RejectionSampling(6, stop=Exhaust()).infer(rater, trainset=corpus.examples())
    asked = lm.engine.asked  # pyright: ignore
    assert len(asked) == len({(prompt.sha256, draw) for prompt, draw in asked}) == 18
    assert [item.hits for item in traces.items] == [3] * 6
    assert all(draw.item_id == item.item_id for item in traces.items for draw in item.draws)
    cost = traces.cost()
    assert cost.draws == cost.asked == 18
    assert cost.prompt_tokens == cost.run.prompt_tokens and cost.completion_tokens == cost.run.completion_tokens


def test_the_summary_is_plain_data() -> None:
    traces = drawn(stop=First())
    summary = json.loads(json.dumps(traces.summary()))
    assert summary["explained"] == len(traces) and summary["items"] == 60 and summary["samples"] == 8
    assert sum(summary["outcomes"].values()) == 60
    assert "Traces(" in repr(traces) and str(len(traces)) in repr(traces)


def test_parquet_has_a_row_for_every_item(tmp_path: Path) -> None:
    traces = drawn(replace(WORLD, restating=0.7), stop=Confident(), hint=Hints(samples=1))
    traces.to_parquet(tmp_path / "traces.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "traces.parquet")
    about = json.loads(table.schema.metadata[b"accord"])
    assert about["source"] == traces.source.key and about["version"] == 2
    rows = {row["item_id"]: row for row in table.to_pylist()}
    by_id = {trace["item_id"]: trace for trace in traces}
    assert len(rows) == len(traces.items) == 60
    for item in traces.items:
        row = rows[item.item_id]
        trace = by_id.get(item.item_id)
        assert (row["outcome"], row["hits"], row["draws"]) == (item.outcome, item.hits, len(item.draws))
        assert row["rationale"] == (None if trace is None else trace["rationale"])
        assert row["weight"] == (None if trace is None else trace["weight"])
        assert row["drawn"] == [None if draw.label is None else str(draw.label) for draw in item.draws]
        assert len(row["unparsed"]) == row["drawn"].count(None)
    assert {row["kind"] for row in rows.values()} == {None, "blind", "hinted"}


def test_groups_that_are_no_text_do_not_break_the_table(tmp_path: Path) -> None:
    corpus = WORLD.corpus()
    examples = [example.copy(group=place % 7) for place, example in enumerate(corpus.examples())]
    rater = Rater(corpus.scale, fields=corpus.fields, lm=WORLD.teacher_lm())
    traces = RejectionSampling(2, stop=First()).infer(rater, trainset=examples)
    traces.to_parquet(tmp_path / "traces.parquet")
    groups = pyarrow.parquet.read_table(tmp_path / "traces.parquet")["group"].to_pylist()
    assert groups == [str(place % 7) for place in range(60)]


def test_a_dataset_has_a_row_for_every_trace() -> None:
    pytest.importorskip("datasets")
    traces = drawn(stop=First(), accept=AnyAnnotator())
    rows = traces.to_dataset().to_list()
    assert len(rows) == len(traces)
    for row, trace in zip(rows, traces, strict=True):
        assert row["label"] == traces.scale.write(trace["label"])
        assert {name: row[name] for name in ("text", "rationale", "item_id", "weight", "kind", "hits", "draws")} == {
            name: trace[name] for name in ("text", "rationale", "item_id", "weight", "kind", "hits", "draws")
        }
        assert row["model"] == traces.source.model
