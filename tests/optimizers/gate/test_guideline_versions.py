"""Versions of a guideline: by content, with records of their rules, never rewritten."""

from pathlib import Path

import pytest

from accord.data import InputError
from accord.optimizers import GuidelineVersions, RuleRecord
from accord.programs import Case, Guideline, rules_of

FIRST = Guideline("Read it.\n\nThen rate it.", "### 1\n- Rude.")
SECOND = Guideline("Read it.", "### 1\n- Rude.\n- It threatens.", (Case({"text": "Go!"}, "It sends away.", "1"),))
RECORD = RuleRecord.of(rules_of(SECOND)[2], "writer", ["b", "a", "a"])


@pytest.fixture
def versions(tmp_path: Path) -> GuidelineVersions:
    made = GuidelineVersions(tmp_path / "guidelines")
    made.add(FIRST, "given")
    made.add(SECOND, "distilled", [RECORD], note="rubric: alpha 0.61, was 0.40")
    return made


def test_a_version_is_its_content(versions: GuidelineVersions) -> None:
    assert [(step.version, step.how, step.before) for step in versions.history] == [
        (FIRST.hash, "given", ""),
        (SECOND.hash, "distilled", FIRST.hash),
    ]
    assert versions.current == SECOND.hash == versions.find("")
    assert versions.guideline(FIRST.hash[:6]) == FIRST and versions.guideline("") == SECOND
    assert versions.add(SECOND, "edited") == SECOND.hash and len(versions.history) == 2, "nothing new"
    assert GuidelineVersions(versions.folder).history == versions.history, "it is all in the folder"


def test_rules_keep_their_records_from_version_to_version(versions: GuidelineVersions) -> None:
    assert [(rule.text, rule.author, rule.sources) for rule in versions.rules("")] == [
        ("Read it.", "original", ()),
        ("Rude.", "original", ()),
        ("It threatens.", "writer", ("a", "b")),
    ]
    edited = Guideline("Read it.", SECOND.rubric + "\n- It shouts.")
    versions.add(edited, "edited")
    assert [rule.author for rule in versions.rules("")] == ["original", "original", "writer", "human"]
    assert {rule.text for rule in versions.known_rules()} == {
        "Read it.",
        "Then rate it.",
        "Rude.",
        "It threatens.",
        "It shouts.",
    }


def test_going_back_is_one_more_step(versions: GuidelineVersions) -> None:
    assert versions.roll_back(FIRST.hash[:8]) == FIRST.hash
    assert versions.current == FIRST.hash and len(versions.history) == 3
    assert versions.guideline(SECOND.hash) == SECOND, "nothing is removed"
    with pytest.raises(InputError, match="is the current version"):
        versions.roll_back(FIRST.hash)
    versions.add(SECOND, "distilled")
    assert versions.rules("")[2] == RECORD


@pytest.mark.parametrize("version", ["ffffffff", "", "abc"])
def test_a_version_that_is_not_there_is_named(tmp_path: Path, version: str) -> None:
    with pytest.raises(InputError, match=rf"no version '{version}'.*Give one of: none"):
        GuidelineVersions(tmp_path).find(version)


def test_a_changed_version_is_refused_and_a_broken_history_is_named(versions: GuidelineVersions) -> None:
    path = versions.folder / f"{FIRST.hash}.md"
    path.write_text("Something else.", encoding="utf-8")
    with pytest.raises(InputError, match="was changed after it was written.*edit the copy"):
        versions.roll_back(FIRST.hash)
    assert versions.current == SECOND.hash
    (versions.folder / f"{SECOND.hash}.json").write_text("[{}]", encoding="utf-8")
    with pytest.raises(InputError, match="a rule's record cannot be read"):
        versions.rules("")
    with (versions.folder / "history.jsonl").open("a", encoding="utf-8") as stream:
        stream.write("{}\n")
    with pytest.raises(InputError, match=r"history.jsonl, line 3.*no step"):
        _ = versions.history
