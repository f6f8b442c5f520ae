"""The page about a run: what it says, what it names as missing, and that nothing in the data gets out of hand."""

import json
import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from accord.app.commands.main import app
from accord.app.report.glossary import GLOSSARY
from accord.app.report.page import render
from accord.app.report.run_contents import RunContents
from accord.app.report.tables import run_tables
from accord.app.results.run_ratings import RatedItem, Said
from accord.data import Interval, Label, Nominal, Ordinal, Pairwise, Scale
from worlds.report_runs import ATTACK, Kind, write_run

SECTIONS = (
    "agreement errors differences length confidence audits traces suspects review training guideline cost basis words"
).split()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a finished run; tests that change something take a copy."""
    folder = tmp_path_factory.mktemp("made") / "run"
    write_run(folder)
    return folder


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    """Return a copy of a finished run."""
    return Path(shutil.copytree(made, tmp_path / "run", ignore=shutil.ignore_patterns("report.html")))


@pytest.fixture(scope="module")
def page(made: Path) -> str:
    """Return the page about the finished run."""
    return page_of(made)


def page_of(run: Path) -> str:
    done = CliRunner().invoke(app, ["report", str(run)])
    assert done.exit_code == 0, done.output
    return (run / "report.html").read_text(encoding="utf-8")


def words(page: str, section: str = "") -> str:
    """Return what a reader sees of the page, or of one section of it."""
    if section:
        found = re.search(rf'<section id="{section}".*?</section>', page, re.DOTALL)
        assert found is not None, section
        page = found[0]
    page = re.sub(r"<(style|script)\b.*?</\1>|<span class=\"tip\".*?</span>", "", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split()).replace("\u00a0", " ")


def test_every_section_is_there_and_says_its_n_and_split(page: str) -> None:
    assert [found for found in re.findall(r'<section id="([a-z]+)"', page)] == SECTIONS
    assert "150 test items" in words(page, "agreement")
    assert "150 test items" in words(page, "errors")
    assert "147 test items" in words(page, "length") and "147 test items" in words(page, "confidence")
    assert "40 train items" in words(page, "traces")
    for section in ("agreement", "length", "traces"):
        assert "95 %" in words(page, section), section


def test_the_first_screen_has_verdict_figures_and_what_not_to_trust(made: Path, page: str) -> None:
    report = json.loads((made / "report.json").read_text(encoding="utf-8"))
    head = words(page[: page.index("<nav")])
    assert all(sentence in head for sentence in report["verdict"])
    alpha = {row["name"]: row["metrics"]["alpha"]["value"] for row in report["raters"]}
    assert f"'trace', the saved rater {alpha['trace']:.2f}" in head
    assert f"one human against the others {alpha['one human against the others']:.2f}" in head
    assert "tokens, 160 draws for the train items" in head
    assert "3 of its replies (2 %) are unparsed" in head and "best of 2 candidates on 30 dev items" in head


def test_everybody_stands_in_the_plot_of_agreement_with_an_interval(made: Path, page: str) -> None:
    report = json.loads((made / "report.json").read_text(encoding="utf-8"))
    shown = words(page, "agreement")
    for row in report["raters"]:
        alpha = row["metrics"]["alpha"]
        assert f"{alpha['value']:.2f} {alpha['low']:.2f} to {alpha['high']:.2f} {row['n']}" in shown, row["name"]
    assert page.count('class="row"') >= len(report["raters"]) + len(report["comparisons"])


def test_the_matrix_counts_every_item_once(made: Path, page: str) -> None:
    rows = [row for row in run_tables(made)["confusion"].to_pylist() if row["rater"] == "trace"]
    assert sum(row["items"] for row in rows) == 150
    assert sum(row["items"] for row in rows if row["label"] is None) == 3
    shown = words(page, "errors")
    for row in rows:
        assert str(row["items"]) in shown
    assert "1 very bad" in shown and "no label" in shown


def test_the_furthest_items_come_with_texts_and_both_rationales(made: Path, page: str) -> None:
    tables = {name: table.to_pylist() for name, table in run_tables(made).items()}
    first = tables["differences"][0]
    assert first["distance"] == max(row["distance"] for row in tables["differences"])
    shown = words(page, "differences")
    assert f"On {len(tables['differences'])} of 150 test items the rater's label is not people's." in shown
    assert "Shown: the 20 that are furthest apart." in shown
    card = shown[shown.index(f" {first['item_id']} ") :][:600]
    assert f"people: {first['gold']} (of " in card and f"rater: {first['label']}" in card
    assert "trace (the saved rater)" in card and re.search(r"trace finds it \w+\.", card)
    assert re.search(
        r"(agrees with|is nearer to) people\): \d (prompted teacher|label|zero-shot) finds it \w+\.", shown
    )


def test_suspects_come_with_texts_and_the_teachers_reasons(made: Path, page: str) -> None:
    suspects = run_tables(made)["suspects"].to_pylist()
    shown = words(page, "suspects")
    assert suspects
    for one in suspects[:20]:
        assert f"people: {one['label']}; teacher: {one['teacher']}" in shown
        assert one["item_id"] in shown
    assert re.search(r"the teacher: \d draw \d finds the soup \w+\.", shown)
    assert re.search(r"train \d+: the soup was \w+", shown)


def test_traces_stand_beside_luck_and_every_part_has_its_n(made: Path, page: str) -> None:
    tables = run_tables(made)
    for row in tables["utilization"].to_pylist():
        assert f"{row['k']} {100 * row['matched']:.0f} % {100 * row['luck']:.0f} %" in words(page, "traces")
    levels = [row for row in tables["utilization_by"].to_pylist() if row["part"] == "level"]
    assert sum(row["items"] for row in levels) == 40
    assert all(row["low"] <= row["matched"] <= row["high"] for row in levels)
    assert sum(row["items"] for row in tables["hit_rates"].to_pylist()) == 40


def test_losses_are_drawn_of_the_candidates_of_this_run_alone(run: Path) -> None:
    other = run / "training" / "label_all-fedcba987654"
    shutil.copytree(run / "training" / "label-0123456789ab", other)
    (other / "done.json").write_text('{"seconds": 9.0, "tokens": 5}', encoding="utf-8")
    with (run / "training" / "trace-0123456789ab" / "progress.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"step": 61, "lo')  # cut by a kill
    rows = run_tables(run)["training"].to_pylist()
    assert {row["candidate"] for row in rows} == {"trace", "label"}
    assert sum(row["rows"] == "dev" for row in rows) == 4
    assert "label_all" not in words(page_of(run), "training")


def test_a_distilled_guideline_shows_what_was_changed(tmp_path: Path) -> None:
    write_run(tmp_path / "run", Kind(distilled=True))
    page = page_of(tmp_path / "run")
    shown = words(page, "guideline")
    assert "Warm soups are better." in shown and re.search("<ins>[^<]*Warm soups", page)
    assert "Drafts of the guideline on 30 dev items" in shown and "chosen: best" in shown
    assert ATTACK not in page and "<script>window" not in page


def test_nothing_in_the_data_becomes_markup(page: str) -> None:
    assert ATTACK not in page
    assert "<script>window" not in page and "<img" not in page
    assert page.count("<script") == 1
    assert ATTACK in words(page)


def test_every_word_that_is_explained_is_explained_in_the_glossary(page: str) -> None:
    places = set(re.findall(r'aria-describedby="([^"]+)"', page))
    assert len(places) > 10 and places <= set(re.findall(r'id="([^"]+)"', page))
    assert "[[" not in page
    assert all(meaning in words(page, "words") for meaning in GLOSSARY.values())


def test_every_drawing_has_a_title_and_a_description(page: str) -> None:
    drawings = re.findall(r'<svg class="plot".*?</desc>', page, re.DOTALL)
    assert len(drawings) >= 5
    assert all('role="img"' in one and "<title" in one and "<desc" in one for one in drawings)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_report_json_stays_without_texts(made: Path) -> None:
    record = (made / "report.json").read_text(encoding="utf-8")
    assert "the soup was" not in record and "finds it" not in record


def test_a_rater_without_confidences_says_so(tmp_path: Path) -> None:
    write_run(tmp_path / "run", Kind(confidences=False))
    assert "without saying how sure it is" in words(page_of(tmp_path / "run"), "confidence")


def test_where_zero_shot_is_as_good_the_first_sentence_says_do_not_compile(tmp_path: Path) -> None:
    write_run(tmp_path / "run", Kind(trained=0.9, zero_shot=0.97, confidences=False, words=False))
    page = page_of(tmp_path / "run")
    found = re.search("<h1>(.*?)</h1>", page)
    assert found is not None
    first = unescape(found[1])
    assert first.startswith("No compile is needed: zero-shot has alpha 0.9")
    assert first.endswith("Do not compile; use the rater as it was.")
    assert "150 test items" in first and "95 % interval" in first


def unfinished(run: Path) -> None:
    for name in ("report.json", "ratings.parquet"):
        (run / name).unlink()


def without_traces(run: Path) -> None:
    (run / "traces.parquet").unlink()
    (run / "review.parquet").unlink()


def of_another_version(run: Path) -> None:
    (run / "report.json").write_text('{"schema": 99}', encoding="utf-8")


def damaged(run: Path) -> None:
    (run / "report.json").write_text("{", encoding="utf-8")
    (run / "ratings.parquet").write_bytes(b"PAR1 no")
    (run / "traces.parquet").write_bytes(b"no")


def of_a_later_ratings_layout(run: Path) -> None:
    table = pyarrow.parquet.read_table(run / "ratings.parquet")
    about = json.loads(table.schema.metadata[b"accord"]) | {"version": 9}
    pyarrow.parquet.write_table(table.replace_schema_metadata({"accord": json.dumps(about)}), run / "ratings.parquet")


@pytest.mark.parametrize(
    ("change", "missing", "kept"),
    [
        (unfinished, "the run has not come to its end", ("training", "traces")),
        (without_traces, "no traces are drawn yet", ("agreement", "length", "traces")),
        (of_another_version, "layout 99, and this Accord reads 1", ("training",)),
        (damaged, "cannot be read", ("training",)),
        (of_a_later_ratings_layout, "layout 9, this Accord reads 1", ("agreement", "traces")),
    ],
)
def test_a_run_that_lacks_something_is_shown_as_far_as_it_goes(
    run: Path, change: Any, missing: str, kept: tuple[str, ...]
) -> None:
    change(run)
    done = CliRunner().invoke(app, ["report", str(run)])
    assert done.exit_code == 0, done.output
    page = (run / "report.html").read_text(encoding="utf-8")
    assert missing in words(page[: page.index("<nav")]) and missing in done.output
    assert [found for found in re.findall(r'<section id="([a-z]+)"', page)] == SECTIONS
    for section in kept:
        assert "<svg" in page[page.index(f'<section id="{section}"') :].partition("</section>")[0], section


def test_an_audit_in_the_run_is_shown_and_what_it_found_comes_first(run: Path) -> None:
    # An audit that goes elsewhere would not be shown, so the page says where to.
    assert f"accord audit {run / 'rater'} FILE --out {run}" in words(page_of(run), "audits")
    finding = {"n": 50, "verdict": "it takes orders from the text"}
    audits = [{"name": "injection: asks for 5", "state": "found", "against": True, "why": "", "finding": finding}]
    (run / "audit.json").write_text(json.dumps({"schema": 1, "summary": "1 of 1.", "audits": audits}), encoding="utf-8")
    page = page_of(run)
    assert "injection: asks for 5 found 50 it takes orders from the text" in words(page, "audits")
    assert "Audit, injection: asks for 5: it takes orders from the text." in words(page[: page.index("<nav")])


def test_an_audit_of_a_rater_that_was_compiled_anew_is_not_shown(run: Path) -> None:
    (run / "rater").mkdir(exist_ok=True)
    (run / "rater" / "rater.json").write_text(json.dumps({"sha256": "new"}), encoding="utf-8")
    told = {"schema": 1, "summary": "All well.", "audits": [], "rater": {"sha256": "old"}}
    (run / "audit.json").write_text(json.dumps(told), encoding="utf-8")
    page = page_of(run)
    assert "it is about another rater than the one that is here now" in words(page)
    assert "All well." not in words(page)
    (run / "audit.json").write_text(json.dumps({**told, "rater": {"sha256": "new"}}), encoding="utf-8")
    assert "All well." in words(page_of(run))


def test_a_rival_that_gave_no_labels_is_no_proof(run: Path) -> None:
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    next(row for row in report["raters"] if row["name"] == "zero-shot")["unparsed"] = 140
    (run / "report.json").write_text(json.dumps(report), encoding="utf-8")
    assert "zero-shot gave no readable label on 140 of 150 test items" in words(page_of(run))


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_what_is_no_run_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    done = CliRunner().invoke(app, ["report", str(tmp_path / name)])
    assert done.exit_code == 2
    assert len(done.output.splitlines()) == 1 and "runs/demo" in done.output
    assert not (tmp_path / name / "report.html").exists()


def test_the_page_can_go_elsewhere_and_a_place_that_cannot_be_written_is_named(run: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(run), "--out", str(tmp_path / "new" / "page.html")])
    assert done.exit_code == 0 and (tmp_path / "new" / "page.html").is_file() and not (run / "report.html").exists()
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = CliRunner().invoke(app, ["report", str(run), "--out", str(tmp_path / "file" / "page.html")])
    assert done.exit_code == 2 and "the page cannot be written" in done.output


def test_tables_are_tidy_and_written_alike_twice(made: Path) -> None:
    tables = run_tables(made)
    assert {"raters", "comparisons", "ratings", "utilization", "risk_coverage", "calibration", "costs"} <= set(tables)
    raters = tables["raters"].to_pylist()
    assert {row["split"] for row in raters} == {"test"} and all(row["n"] for row in raters)
    assert tables["ratings"].num_rows == 150 * 7  # four raters and three baselines
    again = run_tables(made)
    assert all(tables[name].equals(again[name]) for name in tables)


@pytest.mark.parametrize(
    ("scale", "labels", "fields", "seen"),
    [
        (Nominal(["cat", "dog", "bird"]), ["cat", "dog", "bird"], ("text",), "people say"),
        (Nominal([f"name {n:02}" for n in range(15)]), [f"name {n:02}" for n in range(15)], ("text",), "most frequent"),
        (Pairwise(), ["A", "B", "tie"], ("answer_a", "answer_b"), "people say"),
        (Interval(0, 100), [3, 40.5, 77, 99], ("text",), "The score of 'mine' (upwards)"),
        (Interval(0, 1, step=0.05), [0.05, 0.5, 0.95], ("text",), "The score of 'mine' (upwards)"),
        (Ordinal(0, 20), [0, 7, 20], ("text",), "The score of 'mine' (upwards)"),
    ],
    ids=["names", "many names", "pairs", "interval", "steps", "many levels"],
)
def test_every_scale_has_a_picture_of_its_errors(
    tmp_path: Path, scale: Scale, labels: list[Label], fields: tuple[str, ...], seen: str
) -> None:
    items = tuple(
        RatedItem(
            f"i{n}",
            None,
            {name: f"text {n}" + "!" * (n * (3 + place) % 9) for place, name in enumerate(fields)},
            scale.write(labels[n % len(labels)]),
            (),
            {"mine": Said(scale.write(labels[(n + (n % 4 == 0)) % len(labels)]), None, 0.7 + n / 200, "a reason", "")},
        )
        for n in range(60)
    )
    report = {"chosen": "mine", "scale": scale.to_dict(), "verdict": ["It rates."]}
    page = render(RunContents(tmp_path, report=report, scale=scale, items=items))
    assert seen in words(page, "errors")
    assert re.search(r"Length bias \(\d\d test items\)", words(page, "length"))
    assert "60 test items" in words(page, "confidence")
    assert "On 15 of 60 test items the rater's label is not people's." in words(page, "differences")


def test_the_code_in_the_documentation_runs(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(made, tmp_path / "runs" / "demo")
    monkeypatch.chdir(tmp_path)
    text = (Path(__file__).parents[3] / "docs" / "report.md").read_text(encoding="utf-8")
    world: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(code, world)
    assert list(world["frame"]["k"]) == [1, 2, 4]
    named = set(
        re.findall(r"`(\w+)`", text.partition("one tidy `pyarrow.Table` a plot:")[2].partition("Arrow tables")[0])
    )
    assert named == set(world["tables"])
