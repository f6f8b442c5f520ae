"""Knows what tensors a folder's safetensors hold, and whether an adapter fits a model; does not load any weights."""

import json
from pathlib import Path

from ...data import InputError
from ..optional_packages import need
from .weights import LOCAL_PURPOSE, adapter_folder, model_folder, weight_files

_CURE = "Copy the folder again."


def tensor_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor in a folder's ``*.safetensors``, from their headers alone.

    Raises:
        InputError: If a file is damaged or cut short.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for file in weight_files(folder):
        shapes |= _shapes(file)
    return shapes


def check_model(path: Path) -> Path:
    """Return a model's whole path after a look at its configuration and at whether its weights are whole.

    Raises:
        InputError: If it is not a model, or damaged.
    """
    folder = model_folder(path)
    _read_config(folder / "config.json")
    tensor_shapes(folder)
    return folder


def check_adapter(path: Path, model: Path) -> int:
    """Return the rank of a LoRA adapter after a look at whether it is whole and made for this model.

    Its matrices must be as wide and high as the weights of the same names, and some must have a weight of that name. A
    model whose weights are packed (quantized) is not compared: their shapes are others.

    Raises:
        InputError: If it is not an adapter, damaged, or made for another model.
    """
    folder = adapter_folder(path)
    config = _read_config(folder / "adapter_config.json")
    rank, packed = config.get("r"), "quantization_config" in _read_config(model / "config.json")
    if config.get("peft_type") != "LORA" or not isinstance(rank, int):
        raise InputError("the adapter is not a LoRA adapter", place=str(folder), cure="Serve a LoRA adapter.")
    weights, lora = tensor_shapes(model), tensor_shapes(folder)
    if not lora:
        raise InputError("the adapter holds no weights", place=str(folder), cure=_CURE)
    cure = f"Use the model it was trained on ({config.get('base_model_name_or_path')})."
    met = 0
    for name, shape in lora.items():
        module, _, side = name.removeprefix("base_model.model.").partition(".lora_")
        whole = weights.get(f"{module}.weight")
        if whole is None or len(whole) != 2 or len(shape) != 2:
            continue
        met += 1
        mine, theirs = (shape[1], whole[1]) if side.startswith("A") else (shape[0], whole[0])
        if mine != theirs and not packed:
            what = f"the adapter is for another model: its {module} is {mine} wide, that of {model.name} {theirs}"
            raise InputError(what, place=str(folder), cure=cure)
    if not met and not packed:
        what = f"the adapter is for another model: {model.name} has none of its weights"
        raise InputError(what, place=str(folder), cure=cure)
    return rank


def adapter_base(adapter: Path) -> Path:
    """Return the folder of the model that an adapter's configuration names.

    Raises:
        InputError: If it names no folder that is here.
    """
    named = str(_read_config(adapter / "adapter_config.json").get("base_model_name_or_path") or "")
    folder = Path(named).expanduser()
    if not named or not folder.is_absolute() or not folder.is_dir():
        what = f"the adapter was trained on {named!r}, which is no whole path of a folder here"
        cure = "Write the model's whole path into adapter_config.json as base_model_name_or_path."
        raise InputError(what, place=str(adapter), cure=cure)
    return folder


def _read_config(file: Path) -> dict[str, object]:
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{file.name} is damaged ({error})", place=str(file.parent), cure=_CURE) from None
    if not isinstance(config, dict):
        raise InputError(f"{file.name} is damaged (no JSON object)", place=str(file.parent), cure=_CURE)
    return config


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    safetensors = need("safetensors", "local", LOCAL_PURPOSE)
    try:
        with safetensors.safe_open(file, framework="np") as stream:
            return {name: tuple(stream.get_slice(name).get_shape()) for name in stream.keys()}
    except (OSError, safetensors.SafetensorError) as error:
        raise InputError(f"{file.name} is damaged ({error})", place=str(file.parent), cure=_CURE) from None
