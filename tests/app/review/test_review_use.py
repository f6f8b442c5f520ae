"""How choices flow back into a compile: picks, own words and corrected labels are used, told apart, and reported."""

import json
from dataclasses import replace
from pathlib import Path

from accord.app.review.apply_choices import corrected, read_use
from accord.app.review.material import read_material
from accord.data import Choice, Choices, Item, Splits
from accord.programs import Rater
from worlds.review_world import WAYS, compile_run, corpus


def test_more_than_half_correct_a_label_and_a_tie_keeps_it(tmp_path: Path) -> None:
    train = corpus().select([f"item/{number}" for number in range(5)])  # labels 1, 4 (wrong), 3, 4, 5
    votes = {0: ["2", "2", "1"], 1: ["2", "3"], 2: ["4", None, None], 3: ["5", "5", "4", "4"], 4: ["9", "first"]}
    with Choices(tmp_path / "review.sqlite") as choices:
        for number, labels in votes.items():
            for place, label in enumerate(labels):
                choices.record(Choice(f"p{place}", "label", f"item/{number}", {"label": label, "old": "?"}))
    found = read_use(tmp_path).corrections(train)
    assert [(one.item_id, one.old, one.new, one.votes, one.judged) for one in found] == [
        ("item/0", 1, 2, 2, 3),
        ("item/2", 3, 4, 1, 1),
    ]


def test_a_corrected_label_makes_a_new_version_of_the_corpus_and_moves_no_item() -> None:
    whole = corpus()
    splits = whole.split(dev=15, test=15, seed=0, near_duplicates=False)
    item = splits.train[3]
    new = 1 if item.gold != 1 else 2
    use = replace(read_use(Path("no such run")), verdicts={item.id: [str(new)], splits.test[0].id: ["1", "1"]})
    after = corrected(splits, use.corrections(splits.train))
    assert isinstance(after, Splits) and after.train.item(item.id).gold == new
    assert [part.ids for part in after] == [part.ids for part in splits]
    assert (after.dev.hash, after.test.hash) == (splits.dev.hash, splits.test.hash)
    assert after.train.origin == after.test.origin != whole.hash
    assert corrected(splits, ()) is splits
    assert [one for one in after.train if one.id != item.id] == [one for one in splits.train if one.id != item.id]
    assert isinstance(item, Item) and item.gold != new, "what was handed in is as it was"


def test_a_compile_uses_what_people_chose_and_says_so(tmp_path: Path, capsys) -> None:
    run = tmp_path / "run"
    first = compile_run(run)
    assert "review" not in first.extra and (run / "review.parquet").is_file()
    material = read_material(run)
    picked, written, none = material.traced[:3]
    doubt = material.doubtful[0]
    trace = next(one for one in picked.traces if one != picked.stands)
    with Choices(run / "review.sqlite") as choices:
        for who in ("ana", "ben"):
            said = {"trace": trace, "rationale": picked.traces[trace], "stood": picked.stands}
            choices.record(Choice(who, "trace", picked.id, said, list(picked.traces), picked.version))
        own = {"text": "I went by the figure.", "stood": written.stands}
        choices.record(Choice("ana", "trace", written.id, own, list(written.traces), written.version))
        choices.record(Choice("ben", "trace", none.id, {"trace": "f" * 16}, ["f" * 16], "gone"))
        choices.record(Choice("ana", "label", doubt.id, {"label": doubt.doubt.believed, "old": doubt.label}))  # pyright: ignore
        choices.record(Choice("ana", "rule", "r", {"verdict": "wrong", "comment": "No.", "rule": "Take it."}))
    capsys.readouterr()
    second = compile_run(run)
    said = capsys.readouterr().out
    assert "From the review by 2 people: 2 items with a picked trace, 1 item with own words, 1 corrected label" in said
    assert "1 of them in people's own words" in said
    provenance = Rater.load(run / "rater", lm="openai/none").provenance
    used = provenance["review"]
    assert used["picks"] == [{"item_id": picked.id, "trace": trace, "people": 2}]
    assert (used["written"], used["gone"], used["people"]) == ([written.id], 1, 2)
    assert used["labels"] == [
        {"item_id": doubt.id, "old": doubt.label, "new": doubt.doubt.believed, "people": 1, "of": 1}  # pyright: ignore
    ]
    assert used["corpus_before"] == corpus().hash != provenance["corpus"]
    assert "ana" not in json.dumps(provenance), "a rater may be published: people are counted, not named"
    assert provenance["traces"]["outcomes"]["human"] == 1
    review = second.extra["review"]
    assert review["used"] == {"picks": 1, "written": 1, "labels": 1, "gone": 1}
    assert (review["traces"]["picked"], review["traces"]["own_words"], review["traces"]["choices"]) == (3, 1, 4)
    assert review["traces"]["recognised"]["value"] == 0.75 and set(review["traces"]["by_reviewer"]) == {"ana", "ben"}
    assert review["traces"]["agreement"]["value"] == 1.0 and review["traces"]["agreement"]["by_chance"] == 0.2
    assert review["labels"]["changed"] == 1 and review["rules"][0]["comments"][0]["comment"] == "No."
    assert json.loads((run / "report.json").read_text())["review"] == json.loads(json.dumps(review))
    after = read_material(run)
    assert after.by_id[picked.id].stands == trace and doubt.id not in {item.id for item in after.doubtful}
    third = compile_run(run, review=False)
    assert third.extra["review"]["used"] is None
    assert "review" not in Rater.load(run / "rater", lm="openai/none").provenance


def test_a_redrawn_run_has_other_traces_and_a_pick_of_the_old_ones_is_counted_as_gone(tmp_path: Path) -> None:
    run = tmp_path / "run"
    compile_run(run)
    item = read_material(run).traced[0]
    with Choices(run / "review.sqlite") as choices:
        choices.record(Choice("ana", "trace", item.id, {"trace": item.stands, "stood": item.stands}, (item.stands,)))
    (run / "journal.sqlite").unlink()
    report = compile_run(run, ways=tuple(way.replace("the", "this") for way in WAYS))
    assert report.extra["review"]["used"]["gone"] == 1
    assert not set(read_material(run).by_id[item.id].traces) & set(item.traces)
