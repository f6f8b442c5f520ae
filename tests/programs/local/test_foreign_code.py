"""Python code that lies in a folder of weights is neither run nor asked about."""

import json
from pathlib import Path

import pytest

from accord.data import Ordinal
from accord.programs import Guideline, LocalEngine, Rater, local_lm
from worlds.tiny_model import make_tiny_model

_CLASSES = {
    "config.json": {"AutoConfig": "evil.Config", "AutoModelForCausalLM": "evil.Model"},
    "tokenizer_config.json": {"AutoTokenizer": ["evil.Tokenizer", None]},
}


@pytest.mark.parametrize("file", _CLASSES)
def test_code_in_a_model_folder_is_not_run(tmp_path: Path, file: str, monkeypatch, capsys) -> None:
    pytest.importorskip("transformers")
    model, ran = make_tiny_model(tmp_path / "model"), tmp_path / "ran"
    classes = "class Config: ...\nclass Model: ...\nclass Tokenizer: ...\n"
    (model / "evil.py").write_text(f"open({str(ran)!r}, 'w')\n{classes}")
    content = json.loads((model / file).read_text(encoding="utf-8"))
    content |= {"auto_map": _CLASSES[file], "model_type": "evil", "tokenizer_class": "Tokenizer"}
    (model / file).write_text(json.dumps(content))
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    rater = Rater(Ordinal(1, 5), Guideline("Rate it."), lm=local_lm(LocalEngine(model), max_tokens=2))
    with pytest.raises(Exception, match=r"the model cannot be read \(ValueError: .*custom code"):  # DSPy's, around ours
        rater(text="a")
    assert not ran.exists()
    assert "custom code" not in capsys.readouterr().out
