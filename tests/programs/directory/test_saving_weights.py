"""Weights in the rater directory: what travels, where a base is found again, and what is refused before it is used."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from accord.data import InputError, Ordinal, SetupError
from accord.programs import Guideline, LocalEngine, Rater, local_lm, scripted_lm, weights_hash
from worlds.rater_folders import CURSE, files_of, make_adapter, make_model


def _rater(base: Path, adapter: Path | None = None, **options) -> Rater:
    return Rater(Ordinal(1, 5), Guideline("Rate it."), lm=local_lm(LocalEngine(base, adapter=adapter, **options)))


def _engine(rater: Rater) -> LocalEngine:
    engine = rater.lm.engine
    assert isinstance(engine, LocalEngine)
    return engine


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Return a rater with an adapter, whose base is in ``base``."""
    _rater(make_model(tmp_path / "base"), make_adapter(tmp_path / "lora")).save(tmp_path / "rater")
    return tmp_path / "rater"


def test_weights_of_its_own_travel_without_pickles_and_code(tmp_path):
    base = make_model(tmp_path / "trained")
    known = files_of(base)
    rater = _rater(base, name="Small", carried=True)
    rater.save(tmp_path / "rater")
    shutil.rmtree(base)
    files = files_of(tmp_path / "rater")
    names = ["LICENSE", "config.json", "model.safetensors", "tokenizer.json"]
    assert {name: files[f"weights/{name}"] for name in names} == {name: known[name] for name in names}
    assert len([name for name in files if name.startswith("weights/")]) == 4
    assert CURSE not in b"".join(files.values())
    engine = _engine(Rater.load(tmp_path / "rater"))
    assert (engine.path, engine.name, engine.carried) == (tmp_path / "rater" / "weights", "Small", True)
    Rater.load(tmp_path / "rater").save(tmp_path / "rater")  # over itself
    assert files_of(tmp_path / "rater") == files


def test_a_base_that_was_moved_is_taken_from_where_it_is_now(tmp_path, saved):
    (tmp_path / "base").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="the base model base .* is not at") as caught:
        Rater.load(saved)
    assert "--base FOLDER" in str(caught.value)
    engine = _engine(Rater.load(saved, base=tmp_path / "elsewhere"))
    assert (engine.path, engine.name) == (tmp_path / "elsewhere", "base")


def test_an_adapter_for_another_base_is_refused_and_both_are_named(tmp_path, saved):
    other = make_model(tmp_path / "other", seed=5)
    with pytest.raises(InputError) as caught:
        Rater.load(saved, base=other)
    said = str(caught.value)
    for model in (tmp_path / "base", other):
        assert f"{model.name} (sha256 {weights_hash(model)[:12]})" in said
    shutil.rmtree(tmp_path / "base")
    shutil.copytree(other, tmp_path / "base")  # in its place
    with pytest.raises(InputError, match=r"the rater was compiled on base \(sha256 .* holds another model: base \("):
        Rater.load(saved)


@pytest.mark.parametrize("file", ["tokenizer.json", "chat_template.jinja"])
def test_a_base_that_reads_or_frames_texts_otherwise_is_another_base(tmp_path, saved, file):
    (tmp_path / "base" / file).write_text('{"1": "5", "5": "1"}')
    with pytest.raises(InputError, match="holds another model"):
        Rater.load(saved)


def test_hashes_of_earlier_days_left_the_tokenizer_out(tmp_path, monkeypatch):
    base = make_model(tmp_path / "base")
    with monkeypatch.context() as then:
        then.setattr(
            "accord.programs.directory.base_model.weights_hash", lambda folder: weights_hash(folder, tokenizer=False)
        )
        _rater(base).save(tmp_path / "rater")
    assert _engine(Rater.load(tmp_path / "rater")).path == base


def test_what_file_managers_leave_is_read_by_nobody(tmp_path, saved):
    for folder in (tmp_path / "base", saved / "adapter"):
        for name in ("._model.safetensors", "._adapter_model.safetensors", "._config.json"):
            (folder / name).write_bytes(b"\x00\x05\x16\x07 of a Mac")
    assert _engine(Rater.load(saved)).path == tmp_path / "base"


def test_the_folder_of_a_base_stays_here_when_an_adapter_travels(tmp_path):
    base, adapter = make_model(tmp_path / "base"), make_adapter(tmp_path / "lora")
    config = {"peft_type": "LORA", "r": 1, "base_model_name_or_path": str(base)}
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    _rater(base, adapter).save(tmp_path / "rater")
    told = json.loads((tmp_path / "rater/adapter/adapter_config.json").read_text(encoding="utf-8"))
    assert told == {**config, "base_model_name_or_path": "base"}
    first = _engine(Rater.load(tmp_path / "rater"))
    Rater.load(tmp_path / "rater").save(tmp_path / "rater")
    assert _engine(Rater.load(tmp_path / "rater")).model_id == first.model_id


@pytest.mark.parametrize("within", ["adapter", "adapter/x", "adapter/x/y"])
def test_nothing_is_saved_within_the_weights_of_a_rater(tmp_path, saved, within):
    files = files_of(saved)
    with pytest.raises(SetupError, match="within the adapter of a rater"):
        _rater(tmp_path / "base").save(saved / within)
    assert files_of(saved) == files and Rater.load(saved)


def test_a_base_is_asked_for_only_where_there_is_one(tmp_path, saved):
    base = tmp_path / "base"
    _rater(base, carried=True).save(tmp_path / "own")
    _rater(base).variant(lm=scripted_lm(lambda prompt, draw: "Label: 1")).save(tmp_path / "api")
    for folder in ("own", "api"):
        with pytest.raises(SetupError, match="the rater needs no base model"):
            Rater.load(tmp_path / folder, base=base)
    with pytest.raises(SetupError, match="another model needs no base"):
        Rater.load(saved, lm="openai/x", base=base)
    with pytest.raises(InputError, match="no such model folder"):
        Rater.load(saved, base=tmp_path / "none")


def test_a_base_from_the_hub_is_known_by_id_and_commit_and_found_in_its_cache(tmp_path, monkeypatch):
    """A folder of the Hub's cache says which model and revision it is; on another machine it has another path."""
    pytest.importorskip("huggingface_hub")
    commit = "0123456789abcdef0123456789abcdef01234567"
    place = "models--some--model/snapshots"
    base = make_model(tmp_path / "cache" / place / commit)
    (base / "README.md").write_text("---\nlicense: mit\nlanguage: [en, de]\n---\n# Model\n")
    (base.parent.parent / "refs").mkdir()
    (base.parent.parent / "refs" / "main").write_text(commit)
    _rater(base, make_adapter(tmp_path / "lora")).save(tmp_path / "rater")
    said = json.loads((tmp_path / "rater" / "rater.json").read_text())["model"]["base"]
    assert said == {
        "name": commit,
        "hash": weights_hash(base),
        "id": "some/model",
        "revision": commit,
        "license": "mit",
        "language": ["en", "de"],
    }
    (tmp_path / "cache").rename(tmp_path / "home")
    program = "import sys; from accord.programs import Rater; print(Rater.load(sys.argv[1]).lm.engine.path)"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "home"))
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "rater")], capture_output=True, text=True)
    assert done.stdout.strip() == str(tmp_path / "home" / place / commit), done.stderr


@pytest.mark.parametrize("damage", [lambda whole: whole[:-8], lambda whole: b"", lambda whole: b"\xff" * len(whole)])
@pytest.mark.parametrize("file", ["adapter/adapter_model.safetensors", "weights/model.safetensors"])
def test_corrupt_safetensors_are_refused_when_saving_and_when_loading(tmp_path, file, damage):
    source = make_model(tmp_path / "model")
    adapter = make_adapter(tmp_path / "lora") if file.startswith("adapter") else None
    rater = _rater(source, adapter, carried=True)
    rater.save(tmp_path / "rater")
    damaged = tmp_path / "rater" / file
    damaged.write_bytes(damage(damaged.read_bytes()))
    with pytest.raises(InputError, match=f"the file {file} has another hash"):
        Rater.load(tmp_path / "rater")
    original = (tmp_path / "lora" if adapter else source) / damaged.name
    original.write_bytes(damaged.read_bytes())
    with pytest.raises(InputError, match=f"{damaged.name} is damaged") as caught:
        rater.save(tmp_path / "other")
    assert str(original.parent) in str(caught.value)
    assert not (tmp_path / "other").exists()


def test_weights_that_were_damaged_before_they_were_sealed_are_refused(tmp_path, saved):
    """The hashes are right: whoever wrote the directory sealed what was damaged already."""
    from accord.programs.directory.files import write_record

    file = saved / "adapter" / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-8])
    record = json.loads((saved / "rater.json").read_text())
    write_record(saved, {key: record[key] for key in record if key not in ("files", "sha256", "kind", "version")})
    with pytest.raises(InputError, match=r"adapter: adapter_model\.safetensors is damaged"):
        Rater.load(saved)


@pytest.mark.parametrize("name", ["adapter/adapter_model.bin", "adapter/chat_template.jinja", "weights/config.json"])
def test_nothing_can_be_slipped_in_beside_sealed_weights(saved, name):
    (saved / "README.md").write_text("Beside them there is room for notes.")
    (saved / "adapter" / ".DS_Store").write_text("Nobody reads that.")
    Rater.load(saved)
    (saved / name).parent.mkdir(exist_ok=True)
    (saved / name).write_text("{}")
    with pytest.raises(InputError, match=f"the file {name} was added after the rater was saved"):
        Rater.load(saved)


@pytest.mark.parametrize("package", ["torch", "transformers", "peft"])
def test_a_missing_extra_is_named_when_a_rater_is_loaded(saved, package):
    program = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from accord.data import SetupError\nfrom accord.programs import Rater\n"
        "try:\n    Rater.load(sys.argv[1])\nexcept SetupError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(saved)], capture_output=True, text=True, check=True)
    assert f"the package '{package}' is needed" in done.stdout
    assert done.stdout.endswith("Install it with: pip install 'accord[local]'.\n")


def test_loading_imports_neither_torch_nor_transformers_and_unpickles_nothing(saved):
    program = (
        "import sys, pickle\nfrom accord.programs import Rater\n"
        "def never(*given, **named): raise SystemExit('unpickled')\n"
        "pickle.load = pickle.loads = pickle.Unpickler = never\n"
        "Rater.load(sys.argv[1])\nprint(sorted({'torch', 'transformers', 'peft'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(saved)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_option_that_would_send_items_elsewhere_is_not_taken_from_a_record(tmp_path):
    """Whoever seals a record can write anything into it; addresses and keys are never read back."""
    from accord.programs.directory.files import write_record

    Rater(Ordinal(1, 5), lm="openai/gpt-4o-mini").save(tmp_path / "rater")
    record = json.loads((tmp_path / "rater" / "rater.json").read_text())
    record["model"]["options"] |= {"api_base": "http://127.0.0.1:9/v1", "api_key": "theirs", "temperature": 0.5}
    write_record(
        tmp_path / "rater", {key: record[key] for key in record if key not in ("files", "sha256", "kind", "version")}
    )
    lm = Rater.load(tmp_path / "rater").lm
    assert "api_base" not in lm.kwargs and lm.kwargs.get("api_key") is None
    assert lm.kwargs["temperature"] == 0.5


def test_a_directory_of_layout_1_still_loads(tmp_path):
    """As the first Accord wrote it: no agreement, no card, no word of the version of Accord."""
    import hashlib

    base, folder = make_model(tmp_path / "base"), tmp_path / "rater"
    shutil.copytree(make_adapter(tmp_path / "lora"), folder / "adapter", ignore=shutil.ignore_patterns("*.pt"))
    (folder / "guideline.md").write_text("Rate it.")
    record = {
        "version": 1,
        "kind": "accord.rater",
        "scale": {"type": "ordinal", "low": 1, "high": 5},
        "fields": ["text"],
        "order": "rationale_label",
        "format": 1,
        "model": {
            "name": f"local/{base}",
            "base": {"name": "base", "hash": weights_hash(base)},
            "archive": None,
            "adapter": "adapter",
            "max_tokens": 33,
        },
        "guideline": Guideline("Rate it.").hash,
        "provenance": {"compiler": "FineTune"},
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files_of(folder).items()},
    }
    record["sha256"] = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    (folder / "rater.json").write_text(json.dumps(record))
    rater = Rater.load(folder)
    assert (rater.guideline.instruction, rater.provenance) == ("Rate it.", {"compiler": "FineTune"})
    assert (_engine(rater).path, _engine(rater).adapter) == (base, folder / "adapter")
    assert rater.lm.kwargs["max_tokens"] == 33
    assert rater.measured == {}
    rater.save(folder)
    assert json.loads((folder / "rater.json").read_text())["version"] == 2
    assert Rater.load(folder).prompt({"text": "x"}) == rater.prompt({"text": "x"})
