"""What Accord relies on in PEFT: what an adapter covers, its files, and how it gets back into a model."""

import json
from pathlib import Path
from typing import Any

import pytest

from worlds.tiny_model import make_tiny_model

peft: Any = pytest.importorskip("peft")
torch: Any = pytest.importorskip("torch")
transformers: Any = pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("default")

IDS = [[1, 2, 3, 4]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("peft") / "model")


def load(folder: Path) -> Any:
    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()


@pytest.fixture
def adapted(folder: Path) -> Any:
    """Return a model with an adapter that changes what it says."""
    settings = peft.LoraConfig(r=2, lora_alpha=4, target_modules="all-linear", task_type="CAUSAL_LM")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = peft.get_peft_model(load(folder), settings).eval()
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.data.normal_()
    return model


def logits(model: Any) -> Any:
    with torch.inference_mode():
        return model(input_ids=torch.tensor(IDS)).logits.float()


def test_all_linear_layers_but_the_last_get_an_adapter(adapted: Any) -> None:
    """Breaks optimizers/trainer/trainers.py: an adapter on the output layer could not be merged, and vLLM would refuse
    it.
    """
    covered = {name.split(".lora_")[0].split(".")[-1] for name, _ in adapted.named_parameters() if "lora_" in name}
    assert covered == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def test_an_adapter_is_saved_as_two_files_without_a_pickle(adapted: Any, tmp_path: Path) -> None:
    """Breaks optimizers/trainer/save_weights.py, programs/local/weights.py, programs/directory/model.py: what
    `adapter/` holds.
    """
    adapted.save_pretrained(tmp_path, selected_adapters=["default"])
    assert {file.name for file in tmp_path.iterdir()} - {"README.md"} == {
        "adapter_config.json",
        "adapter_model.safetensors",
    }


def test_an_adapter_s_weights_can_be_handed_to_what_saves_it(adapted: Any, tmp_path: Path) -> None:
    """Breaks optimizers/trainer/save_weights.py:
    with several processes they are gathered first, and given as a state.
    """
    zeros = {name: torch.zeros_like(weight) for name, weight in adapted.state_dict().items()}
    adapted.save_pretrained(tmp_path, state_dict=zeros, selected_adapters=["default"])
    found = peft.utils.load_peft_weights(str(tmp_path), device="cpu")
    assert found and not any(bool(weight.any()) for weight in found.values())


def test_an_adapter_s_configuration_says_what_it_is_for(adapted: Any, folder: Path, tmp_path: Path) -> None:
    """Breaks programs/local/safetensors_check.py, optimizers/trainer/save_weights.py: rank, kind and base are read from
    it.
    """
    adapted.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "adapter_config.json").read_text(encoding="utf-8"))
    assert (config["r"], config["lora_alpha"], config["peft_type"]) == (2, 4, "LORA")
    assert config["base_model_name_or_path"] == str(folder)
    assert isinstance(config["target_modules"], list)


def test_the_names_of_an_adapter_s_matrices_lead_to_the_weights_they_change(adapted: Any, tmp_path: Path) -> None:
    """Breaks programs/local/safetensors_check.py:
    whether an adapter fits a model is told from names and shapes alone.
    """
    safetensors = pytest.importorskip("safetensors")
    adapted.save_pretrained(tmp_path)
    with safetensors.safe_open(tmp_path / "adapter_model.safetensors", framework="np") as stream:
        shapes = {name: tuple(stream.get_slice(name).get_shape()) for name in stream.keys()}
    weights = dict(adapted.get_base_model().state_dict())
    own = "base_model.model.model.layers.0.self_attn.q_proj.lora_{}.weight"
    width = adapted.config.hidden_size
    assert shapes[own.format("A")] == (2, width) and shapes[own.format("B")] == (width, 2)
    assert "model.layers.0.self_attn.q_proj.base_layer.weight" in weights


def test_a_merged_adapter_leaves_a_plain_model_that_says_the_same(adapted: Any, folder: Path, tmp_path: Path) -> None:
    """Breaks programs/local/weights.py, programs/raters/merge_adapter.py: a rater's adapter is merged in before it is
    asked.
    """
    adapted.save_pretrained(tmp_path)
    apart = logits(adapted)
    merged = peft.PeftModel.from_pretrained(load(folder), tmp_path).merge_and_unload(safe_merge=True)
    assert type(merged) is type(load(folder))
    assert not [name for name, _ in merged.named_parameters() if "lora" in name]
    assert float((apart - logits(load(folder))).abs().max()) > 0.1
    assert float((apart - logits(merged)).abs().max()) < 0.1  # rounded to bfloat16 once more


def test_a_merge_refuses_weights_that_are_not_finite(adapted: Any, folder: Path, tmp_path: Path) -> None:
    """Breaks programs/local/weights.py: a damaged adapter must not become a rater that says nothing."""
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            weight.data.fill_(float("nan"))
    adapted.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="NaN"):
        peft.PeftModel.from_pretrained(load(folder), tmp_path).merge_and_unload(safe_merge=True)


def test_training_can_go_on_from_an_adapter(adapted: Any, folder: Path, tmp_path: Path) -> None:
    """Breaks optimizers/trainer/load_weights.py: preference training starts from a trace adapter."""
    adapted.save_pretrained(tmp_path)
    started = peft.PeftModel.from_pretrained(load(folder), str(tmp_path), is_trainable=True)
    assert [weight for weight in started.parameters() if weight.requires_grad]
    found = peft.utils.load_peft_weights(str(tmp_path), device="cpu")
    assert set(found) == set(peft.get_peft_model_state_dict(started))


def test_layers_compute_in_the_type_they_are_given(adapted: Any) -> None:
    """Breaks optimizers/trainer/attempt.py: without this every layer's input is brought to float32, and training slows
    down.
    """
    kinds: list[Any] = []
    layer = adapted.base_model.model.model.layers[0].self_attn.q_proj.lora_A["default"]
    layer.register_forward_pre_hook(lambda _, given: kinds.append(given[0].dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits(adapted)
        with peft.helpers.disable_input_dtype_casting(adapted):
            logits(adapted)
    assert kinds == [torch.float32, torch.bfloat16]
