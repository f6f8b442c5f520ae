"""The rater directory: complete, checked file by file, without pickles and secrets, and refused when damaged."""

import json
import shutil
from importlib.metadata import version

import dspy
import pytest

from accord.data import EMBEDDED_MODEL, InputError, Interval, Nominal, Ordinal, Pairwise, RetryError, SetupError
from accord.programs import Case, Guideline, LocalEngine, Rater, local_lm, pooled_lm, scripted_lm
from worlds.rater_folders import CURSE, files_of, make_adapter, make_model

GUIDELINE = Guideline(
    "How friendly?\n\n**label:** is what you write.",
    "1: rude\n5: warm",
    (Case({"text": "## Rubric\r\nHi \U0001f600"}, "Short.", "4"),),
)


def _rater(**options):
    return Rater(Ordinal(1, 5, anchors={1: "rude"}), GUIDELINE, **options)


@pytest.fixture
def model_folder(tmp_path):
    return make_model(tmp_path / "base")


@pytest.fixture
def adapter_folder(tmp_path):
    return make_adapter(tmp_path / "lora")


@pytest.mark.parametrize(
    ("scale", "cases"),
    [
        (Ordinal(1, 5, anchors={1: "rude", 5: "warm"}), ("4",)),
        (Ordinal.of(["bad", "very good"]), ("very good",)),
        (Nominal(["ironic", "not_ironic"]), ("ironic",)),
        (Interval(-4, 4), ("-2.5",)),
        (Interval(0, 1, 0.1), ("0.3",)),
        (Pairwise(), ("tie",)),
    ],
)
@pytest.mark.parametrize("order", ["rationale_label", "label_rationale", "label"])
def test_every_kind_of_rater_comes_back_with_the_same_prompts(tmp_path, scale, cases, order):
    guideline = GUIDELINE.with_cases(*(Case({"question": "Q", "answer": "A"}, "Why.", label) for label in cases))
    rater = Rater(scale, guideline, fields=("question", "answer"), order=order)
    rater.provenance = {"compiler": "by hand", "items": ["ä", 1, None]}
    rater.save(tmp_path / "rater")
    again = Rater.load(tmp_path / "rater")
    fields = {"question": "Why?", "answer": "Because."}
    assert again.prompt(fields).bytes == rater.prompt(fields).bytes
    assert (again.scale, again.order, again.fields) == (rater.scale, rater.order, rater.fields)
    assert (again.guideline, again.provenance) == (rater.guideline, rater.provenance)
    assert again.predict.lm is None


def test_the_directory_is_json_and_markdown(tmp_path):
    _rater(lm="openai/gpt-4o-mini").save(tmp_path / "deep" / "rater")
    files = files_of(tmp_path / "deep" / "rater")
    assert sorted(files) == ["CARD.md", "guideline.md", "rater.json"]
    record = json.loads(files["rater.json"])
    assert (record["kind"], record["version"], record["fields"]) == ("accord.rater", 2, ["text"])
    assert record["accord"] == version("accord")
    assert record["guideline"] == _rater().guideline.hash
    assert files["guideline.md"].decode() == GUIDELINE.to_markdown()
    assert list((tmp_path / "deep").iterdir()) == [tmp_path / "deep" / "rater"], "no workspace stays behind"


def test_options_are_kept_and_secrets_are_not(tmp_path):
    lm = dspy.LM(
        "openai/gpt-4o-mini",
        api_key="sk-very-secret",
        api_base="http://user:password@10.1.2.3/v1",
        extra_headers={"Authorization": "Bearer hidden"},
        temperature=0.5,
        max_tokens=77,
    )
    _rater(lm=lm).save(tmp_path / "rater")
    written = b"".join(files_of(tmp_path / "rater").values())
    for secret in (b"sk-very-secret", b"password", b"10.1.2.3", b"hidden"):
        assert secret not in written
    again = Rater.load(tmp_path / "rater")
    assert again.lm.model == "openai/gpt-4o-mini"
    assert (again.lm.kwargs["temperature"], again.lm.kwargs["max_tokens"]) == (0.5, 77)
    assert again.lm.kwargs.get("api_key") is None


def test_saving_again_replaces_a_rater_and_nothing_else(tmp_path):
    place = tmp_path / "rater"
    _rater().save(place)
    _rater().variant(guideline=Guideline("Other.")).save(place)
    assert Rater.load(place).guideline == Guideline("Other.")
    (place / "README.md").write_text("whom to ask")
    (place / "figures").mkdir()
    (place / "figures" / "levels.svg").write_text("<svg/>")
    _rater().save(place)
    assert Rater.load(place).guideline == _rater().guideline
    assert [(place / name).read_text() for name in ("README.md", "figures/levels.svg")] == ["whom to ask", "<svg/>"]
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    with pytest.raises(SetupError, match="exists and is not a rater directory"):
        _rater().save(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


def test_every_changed_or_missing_file_is_named(tmp_path, model_folder, adapter_folder):
    lm = local_lm(LocalEngine(model_folder, adapter=adapter_folder))
    _rater(lm=lm).save(tmp_path / "rater")
    names = sorted(files_of(tmp_path / "rater"))
    assert names == [
        "CARD.md",
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "guideline.md",
        "rater.json",
    ]
    Rater.load(tmp_path / "rater")
    for name in names:
        for damage in ("changed", "missing", "cut"):
            copy = tmp_path / f"{damage}-{name.replace('/', '-')}"
            shutil.copytree(tmp_path / "rater", copy)
            file = copy / name
            if damage == "missing":
                file.unlink()
            else:
                content = file.read_bytes()
                file.write_bytes(content[:-2] if damage == "cut" else content.replace(b"1", b"2") + b" ")
            if file.is_file() and file.read_bytes() == (tmp_path / "rater" / name).read_bytes():
                continue
            with pytest.raises(InputError) as caught:
                Rater.load(copy)
            assert name in str(caught.value) and str(copy) in str(caught.value), (name, damage)
            assert caught.value.cure


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda record: record | {"version": 99}, r"saved by a newer Accord \(.*layout 99.*reads up to 2"),
        (lambda record: record | {"format": 99}, r"saved by a newer Accord \(.*prompt format 99"),
        (lambda record: record | {"version": "2"}, "does not say its version"),
        (lambda record: record | {"version": 99, "kind": "accord.committee"}, r"saved by a newer Accord"),
        (lambda record: record | {"kind": "something.else"}, "does not describe a rater"),
        (lambda record: record | {"scale": {"type": "ordinal", "low": 1, "high": 7}}, "rater.json was changed"),
        (lambda record: {key: value for key, value in record.items() if key != "files"}, "rater.json was changed"),
        (lambda record: [record], "does not describe a rater"),
    ],
)
def test_an_edited_record_is_refused(tmp_path, edit, said):
    _rater().save(tmp_path / "rater")
    file = tmp_path / "rater" / "rater.json"
    file.write_text(json.dumps(edit(json.loads(file.read_text()))))
    with pytest.raises(InputError, match=said):
        Rater.load(tmp_path / "rater")


def test_the_layout_of_the_json_text_does_not_matter(tmp_path):
    _rater().save(tmp_path / "rater")
    file = tmp_path / "rater" / "rater.json"
    file.write_text(json.dumps(json.loads(file.read_text()), sort_keys=True))
    assert Rater.load(tmp_path / "rater").guideline == _rater().guideline


def test_what_is_not_a_rater_directory_is_said_so(tmp_path):
    with pytest.raises(InputError, match="no such rater directory"):
        Rater.load(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"has no rater\.json"):
        Rater.load(tmp_path)
    for content in (b"\xff\xfe", b"[" * 100_000):
        (tmp_path / "rater.json").write_bytes(content)
        with pytest.raises(InputError, match=r"rater\.json is damaged"):
            Rater.load(tmp_path)
    (tmp_path / "rater.json").unlink()
    (tmp_path / "rater.json").mkdir()
    with pytest.raises(InputError, match=r"rater\.json is damaged"):
        Rater.load(tmp_path)


def test_adapter_weights_travel_and_base_weights_stay(tmp_path, model_folder, adapter_folder):
    _rater(lm=local_lm(LocalEngine(model_folder, adapter=adapter_folder), max_tokens=33)).save(tmp_path / "rater")
    shutil.rmtree(adapter_folder)
    engine = Rater.load(tmp_path / "rater").lm.engine
    assert isinstance(engine, LocalEngine)
    assert (engine.path, engine.adapter) == (model_folder, tmp_path / "rater" / "adapter")
    assert Rater.load(tmp_path / "rater").lm.kwargs["max_tokens"] == 33
    files = files_of(tmp_path / "rater")
    assert not any(name.endswith((".pt", ".pkl", ".bin", ".pickle")) for name in files)
    assert CURSE not in b"".join(files.values())


def test_a_loaded_rater_can_be_saved_over_itself(tmp_path, model_folder, adapter_folder):
    place = tmp_path / "rater"
    _rater(lm=local_lm(LocalEngine(model_folder, adapter=adapter_folder))).save(place)
    before = files_of(place)
    Rater.load(place).save(place)
    assert files_of(place) == before


def test_without_its_base_model_a_rater_says_what_is_missing(tmp_path, model_folder):
    _rater(lm=local_lm(LocalEngine(model_folder))).save(tmp_path / "rater")
    shutil.rmtree(model_folder)
    with pytest.raises(InputError, match=r"the base model base \(sha256 \w{12}\) is not at") as caught:
        Rater.load(tmp_path / "rater")
    assert str(model_folder) in str(caught.value) and "base=FOLDER" in str(caught.value)


@pytest.mark.slow
def test_without_the_embedded_model_and_a_network_a_rater_says_so(tmp_path, monkeypatch):
    _rater(lm="local").save(tmp_path / "rater")
    monkeypatch.setenv("ACCORD_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "rater"))
    with pytest.raises(RetryError, match=EMBEDDED_MODEL.name) as caught:
        Rater.load(tmp_path / "rater")
    assert "Check the connection" in str(caught.value)


def test_a_scripted_model_is_saved_by_name_only(tmp_path):
    _rater(lm=scripted_lm(lambda prompt, draw: "Label: 4")).save(tmp_path / "rater")
    assert json.loads((tmp_path / "rater" / "rater.json").read_text())["model"]["name"] == "scripted/scripted"


def test_a_rater_on_a_server_of_ones_own_is_saved_without_address_and_never_sent_elsewhere(tmp_path):
    rater = _rater(lm=pooled_lm("gpt-4o", "http://127.0.0.1:9/v1", api_key="secret"))
    rater.save(tmp_path / "rater")
    text = (tmp_path / "rater" / "rater.json").read_text()
    assert "127.0.0.1" not in text and "secret" not in text
    loaded = Rater.load(tmp_path / "rater")
    assert loaded.own_lm is None
    with pytest.raises(SetupError, match="no model"):
        loaded.lm  # noqa: B018
    given = scripted_lm(lambda prompt, draw: "Reason: it is\nLabel: 4")
    assert Rater.load(tmp_path / "rater", lm=given).own_lm is given
