"""Knows how to say in words how a rater was made, from its provenance; does not know how to make one."""

from collections.abc import Mapping
from typing import Any

_OBJECTIVES = {
    "trace": "it learned to write a rationale and then the label, on the items whose label a teacher reached blindly",
    "trace_shuffled": "an ablation: it learned to write another item's rationale of the same label, then the label",
    "label": "it learned to write the label alone, on the items whose label a teacher reached blindly",
    "label_all": "it learned to write the label alone, on all training items",
    "label_first": "it learned to write the label and then a rationale",
    "regression": "it learned to write a rationale and then the label, and to bring the expected label close to the "
    "human one",
    "preference": "it learned to prefer rationales that reach the human label over those that miss it",
}


def method_sentences(provenance: Mapping[str, Any]) -> list[str]:
    """Return how a rater came about, sentence by sentence.

    Args:
        provenance: As the compilers write it; of what is not there nothing is said.
    """
    compiler = provenance.get("compiler")
    if compiler is None:
        return ["Written by hand: nothing was compiled."]
    said = [*_traces(provenance.get("traces"))]
    if compiler == "FineTune":
        said += _fine_tune(provenance)
    elif compiler == "DistillGuideline":
        said.append(
            "From the traces the guideline was rewritten (rules that the rationales state, and worked cases); the "
            f"model's weights are as they were. Of the versions tried '{provenance.get('chosen', 'unknown')}' was kept."
        )
        dev = provenance.get("dev")
        if isinstance(dev, Mapping) and dev.get("claim") is False:
            said.append(f"It was chosen on {dev.get('items', 0)} items of dev, too few to claim that it is the best.")
    else:
        said.append(f"Compiled by {compiler}.")
    merged = provenance.get("merged")
    if isinstance(merged, Mapping):
        said.append("Afterwards the adapter was merged into the base model; the figures below are from before.")
    return said


def _traces(traces: Any) -> list[str]:
    if not isinstance(traces, Mapping) or "teacher" not in traces:
        return []
    said = (
        f"A teacher ({traces['teacher']}) read {traces.get('items', 0):,} training items without their labels and "
        f"reasoned to one, {traces.get('draws', 0):,} times in all. On {traces.get('explained', 0):,} items it reached "
        "the human label so, and one such rationale for each is a trace."
    )
    stopped = traces.get("stopped")
    return [said] + ([f"The drawing was ended by its budget ({stopped})."] if stopped else [])


def _fine_tune(provenance: Mapping[str, Any]) -> list[str]:
    objective = str(provenance.get("objective", "unknown"))
    numbers = provenance.get("parameters")
    numbers = numbers if isinstance(numbers, Mapping) else {}
    way = {"full": "All weights of", "qlora": "A quantized LoRA adapter for"}.get(
        str(numbers.get("method", "lora")), "A LoRA adapter for"
    )
    told = ", ".join(
        f"{name.replace('_', ' ')} {numbers[name]}"
        for name in ("lora_rank", "epochs", "learning_rate", "batch_size", "seed")
        if name in numbers and not (name == "lora_rank" and way.startswith("All"))
    )
    said = [
        f"{way} {provenance.get('base', 'the base model')} was fine-tuned on {provenance.get('rows', 0):,} rows"
        f"{f' ({told})' if told else ''} with the objective `{objective}`: "
        f"{_OBJECTIVES.get(objective, 'see the provenance in rater.json')}."
    ]
    said.append("Of the candidates it is the one that agreed best with people on dev.")
    paid = provenance.get("traces_paid")
    if isinstance(paid, Mapping) and "against" in paid:
        said.append(f"Did rationales pay? On dev: {paid['answer']}.")
    return said
