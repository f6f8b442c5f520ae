"""The agreement that is saved with a rater and the card that tells it: what they hold, and that they are true."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from accord.data import Agreement, Corpus, InputError, Interval, Nominal, Ordinal, Scale, agreement
from accord.programs import AgreementRow, Candidate, Guideline, LocalEngine, Rater, SplitAgreement, base_of, local_lm
from worlds.rater_folders import make_adapter, make_model

FIVE = Ordinal(1, 5, anchors={1: "rude", 5: "warm"})
GOLD = [1, 2, 3, 4, 5, 4, 3, 2]


def _measured(labels: list[Any], scale: Scale = FIVE, fill: Any = None) -> Agreement:
    return agreement(labels, GOLD if scale is FIVE else ["a", "b"] * 4, scale, fill=fill, resamples=200)


def _test_split() -> SplitAgreement:
    rows = (
        AgreementRow("trace", "candidate", _measured([1, 2, 3, 4, 5, None, 3, 1], fill=3)),
        AgreementRow("zero-shot", "zero-shot", _measured([3, 3, 1, 4, 5, 2, 2, 1])),
        AgreementRow("constant", "baseline", _measured([3] * 8)),
        AgreementRow("one human against the others", "human", _measured([1, 2, 3, 4, 4, 4, 3, 2])),
    )
    return SplitAgreement(rows, "trace", "ab" * 32, ("'trace' is above every simple rater.",))


def _compiled(rater: Rater) -> Rater:
    """Return a rater as a compiler hands it out."""
    dev = _measured([1, 2, 2, 4, 5, 4, 3, 2])
    names = ("trace", "label")
    rater.candidates = tuple(Candidate(name, rater, dev, 6, chosen=name == "trace") for name in names)
    rater.provenance = {
        "compiler": "FineTune",
        "task": "friendliness",
        "objective": "trace",
        "base": "base@abc",
        "rows": 120,
        "items": 120,
        "parameters": {"lora_rank": 16, "epochs": 2, "learning_rate": 0.0005, "batch_size": 8, "seed": 0},
        "dev": {"corpus": "cd" * 32, "items": 8, "alpha": 0.9},
        "splits": {name: {"corpus": name * 10, "items": 8} for name in ("train", "dev", "test")},
        "traces": {"teacher": "big-model", "items": 150, "explained": 120, "draws": 900, "sha256": "ef" * 32},
        "corpus": "12" * 32,
        "journal": {"sha256": "34" * 32},
    }
    return rater


@pytest.fixture
def rater(tmp_path: Path) -> Rater:
    """Return a compiled rater with an adapter on a base whose card states its licence."""
    base = make_model(tmp_path / "base")
    (base / "README.md").write_text("---\nlicense: mit\nlanguage: [en, de]\n---\nA model.\n")
    lm = local_lm(LocalEngine(base, adapter=make_adapter(tmp_path / "lora")))
    return _compiled(Rater(FIVE, Guideline("How friendly?"), fields=("message",), lm=lm))


def _front(folder: Path) -> dict[str, Any]:
    return yaml.safe_load((folder / "CARD.md").read_text().split("\n---\n")[0].removeprefix("---\n"))


def test_dev_is_known_from_the_compile_and_test_is_added_to_it(rater, tmp_path):
    rater.save(tmp_path / "rater")
    assert set(Rater.load(tmp_path / "rater").measured) == {"dev"}
    rater.save(tmp_path / "rater", agreement={"test": _test_split()})
    data = json.loads((tmp_path / "rater" / "agreement.json").read_text())
    assert data["schema"] == 1
    dev, test = data["splits"]["dev"], data["splits"]["test"]
    assert (dev["n"], dev["chosen"], dev["corpus"]) == (8, "trace", "cd" * 32)
    assert [row["name"] for row in dev["rows"]] == ["trace", "label"]
    assert (test["n"], test["chosen"], test["corpus"]) == (8, "trace", "ab" * 32)
    assert [row["kind"] for row in test["rows"]] == ["candidate", "zero-shot", "baseline", "human"]
    own = test["rows"][0]
    found = _test_split().own.metrics["alpha"]
    assert own["metrics"]["alpha"] == {"value": found.value, "low": found.low, "high": found.high, "note": found.note}
    assert (own["unparsed"], own["fill"], own["level"]) == (1, 3, 0.95)
    again = Rater.load(tmp_path / "rater")
    assert again.measured["test"] == _test_split()
    assert again.measured["dev"].own == rater.candidates[0].dev


def test_agreement_measured_after_loading_is_sealed_with_the_rest(rater, tmp_path):
    rater.save(tmp_path / "rater")
    loaded = Rater.load(tmp_path / "rater")
    found = _measured([1, 2, 3, 4, 5, 4, 3, 1])
    loaded.save(tmp_path / "rater", agreement={"test": found})
    again = Rater.load(tmp_path / "rater")
    assert again.measured["test"].own == found
    assert set(again.measured) == {"dev", "test"}
    assert loaded.measured.keys() == {"dev"}, "saving changes nothing on the rater"
    file = tmp_path / "rater" / "agreement.json"
    file.write_text(file.read_text().replace('"value"', '"VALUE"', 1))
    with pytest.raises(InputError, match=r"the file agreement\.json has another hash"):
        Rater.load(tmp_path / "rater")


def test_what_cannot_be_measured_is_kept_as_undefined(tmp_path):
    scale, labels = Interval(0, 1), [0.5] * 4
    found = agreement(labels, labels, scale)
    assert found.metrics["alpha"].value is None
    Rater(scale).save(tmp_path / "rater", agreement={"test": found})
    assert "NaN" not in (tmp_path / "rater" / "agreement.json").read_text()
    assert Rater.load(tmp_path / "rater").measured["test"].own == found
    (result,) = _front(tmp_path / "rater")["model-index"][0]["results"]
    assert [metric["type"] for metric in result["metrics"]] == ["mae"], "the rest is undefined"


def test_the_front_matter_is_what_the_hub_reads(rater, tmp_path):
    cards = pytest.importorskip("huggingface_hub").ModelCard
    rater.save(tmp_path / "stars", agreement={"test": _test_split()})
    front = _front(tmp_path / "stars")
    assert (front["license"], front["language"], front["library_name"]) == ("mit", ["en", "de"], "accord")
    assert front["pipeline_tag"] == "text-classification"
    assert {"accord", "llm-as-a-judge", "ordinal", "lora"} <= set(front["tags"])
    assert "base_model" not in front, "a folder's name is no id on the Hub"
    card = cards.load(tmp_path / "stars" / "CARD.md")
    assert card.data.model_name == "friendliness"
    results = {result.metric_type: result for result in card.data.eval_results}
    own = _test_split().own.metrics
    assert results["krippendorff_alpha"].metric_value == pytest.approx(own["alpha"].value, abs=1e-4)
    assert f"interval {own['alpha'].low:.3f} to {own['alpha'].high:.3f}" in results["krippendorff_alpha"].metric_name
    assert (results["mae"].dataset_split, results["mae"].dataset_revision) == ("test", "ab" * 32)


def test_licence_and_language_can_be_stated_by_hand(rater, tmp_path):
    rater.provenance |= {"license": "cc-by-4.0", "language": "sv"}
    rater.save(tmp_path / "rater")
    assert (_front(tmp_path / "rater")["license"], _front(tmp_path / "rater")["language"]) == ("cc-by-4.0", "sv")


def test_a_base_on_the_hub_is_named_with_what_became_of_it(tmp_path):
    folder = tmp_path / "models--some--model" / "snapshots" / ("0" * 40)
    base = make_model(folder)
    engine = LocalEngine(base, adapter=make_adapter(tmp_path / "lora"))
    Rater(FIVE, lm=local_lm(engine)).save(tmp_path / "adapted")
    front = _front(tmp_path / "adapted")
    assert (front["base_model"], front["base_model_relation"]) == ("some/model", "adapter")
    whole = Rater(FIVE, lm=local_lm(LocalEngine(base, carried=True)))
    whole.provenance = {"base_model": base_of(engine).to_dict()}
    whole.save(tmp_path / "whole")
    front = _front(tmp_path / "whole")
    assert (front["base_model"], front["base_model_relation"]) == ("some/model", "finetune")
    Rater(FIVE, lm=local_lm(LocalEngine(base))).save(tmp_path / "plain")
    assert _front(tmp_path / "plain")["base_model"] == "some/model"
    assert "base_model_relation" not in _front(tmp_path / "plain")


def test_the_card_tells_figures_with_intervals_beside_people_and_baselines(rater, tmp_path):
    rater.save(tmp_path / "stars", agreement={"test": _test_split()})
    card = (tmp_path / "stars" / "CARD.md").read_text()
    table = card[card.index("**test**") : card.index("**dev**")]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("|")]
    rows = {row[0].strip("* "): row[1:] for row in cells}
    for row in _test_split().rows:
        found = row.agreement.metrics["alpha"]
        span = "" if found.low is None else f" [{found.low:.2f}, {found.high:.2f}]"
        assert rows[row.name][1] == f"{found.value:.2f}{span}"
    assert "| **trace** | 8 | " in card
    assert "A reply without a readable label counts as 3" in card
    assert "'trace' is above every simple rater." in card
    for told in (
        "a whole number from 1 to 5 (1 = rude, 5 = warm)",
        "`message`",
        "ab" * 6,
        "12" * 32,
        "34" * 32,
        "ef" * 32,
        "A teacher (big-model) read 150 training items",
        "On 120 items it reached the human label",
        "lora rank 16, epochs 2, learning rate 0.0005, batch size 8, seed 0",
        "arXiv:2510.25860",
    ):
        assert told in card, told
    assert card.index("**test**") < card.index("**dev**")
    sections = [line for line in card.splitlines() if re.match("##? ", line)]
    assert sections == [
        "# friendliness",
        "## What it rates",
        "## Data",
        "## Method",
        "## Agreement with people",
        "## Limits",
        "## How to use it",
        "## How to cite",
    ]


def test_the_card_admits_what_is_not_known(tmp_path):
    Rater(Nominal(["a", "b"]), order="label").save(tmp_path / "rater")
    card = (tmp_path / "rater" / "CARD.md").read_text()
    assert "Written by hand" in card and "Not measured." in card
    assert "not measured on items that nothing was chosen on" in card
    assert "license" not in _front(tmp_path / "rater")
    found = agreement(["a", "b"] * 4, ["a", "b"] * 4, Nominal(["a", "b"]))
    Rater(Nominal(["a", "b"])).save(tmp_path / "rater", agreement={"test": found})
    card = (tmp_path / "rater" / "CARD.md").read_text()
    assert "| kappa | accuracy |" in card
    assert "How well a single person would do is not known" in card


def test_the_example_of_the_card_runs(tmp_path):
    """With a server that answers for the model; the folder's name has a blank and a quote."""
    from worlds.stub_process import StubProcess

    folder = tmp_path / 'my "stars"'
    Rater(FIVE, Guideline("How friendly?"), fields=("message",), lm="openai/stub").save(folder)
    card = (folder / "CARD.md").read_text()
    (program,) = re.findall(r"^```python\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)
    with StubProcess() as stub:
        environment = {**os.environ, "OPENAI_API_BASE": stub.url, "OPENAI_API_KEY": "none"}
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] in "12345"
    assert "accord serve 'my \"stars\"' --port" in card


def test_an_agreement_that_cannot_be_read_is_said_so(rater, tmp_path):
    from accord.programs.directory.files import write_record

    rater.save(tmp_path / "rater")
    for damage in ('{"schema": 2, "splits": {}}', '{"schema": 1, "splits": {"dev": {"rows": []}}}', "[]"):
        (tmp_path / "rater" / "agreement.json").write_text(damage)
        record = json.loads((tmp_path / "rater" / "rater.json").read_text())
        kept = {key: record[key] for key in record if key not in ("files", "sha256", "kind", "version")}
        write_record(tmp_path / "rater", kept)
        with pytest.raises(InputError, match="the agreement cannot be read"):
            Rater.load(tmp_path / "rater")


def test_a_rater_measures_itself_and_saves_that(tmp_path):
    from accord.programs import scripted_lm

    records = [{"text": f"item {number}", "label": number % 5 + 1} for number in range(20)]
    corpus = Corpus.from_records(records, fields=["text"], label="label", scale=FIVE)
    rater = Rater(FIVE, lm=scripted_lm(lambda prompt, draw: "Reason: so it is.\nLabel: 4"))
    rater.save(tmp_path / "rater", agreement={"test": rater.agreement(corpus, fill=3)})
    assert "| **rater** | 20 |" in (tmp_path / "rater" / "CARD.md").read_text()
