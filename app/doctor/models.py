"""Knows how models elsewhere would be reached: keys, the Hub, proxies; says which are set and never what they are."""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies

from .record import Line

KEYS = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AZURE_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_PROFILE",
    "MISTRAL_API_KEY",
    "COHERE_API_KEY",
    "GROQ_API_KEY",
    "XAI_API_KEY",
    "DEEPSEEK_API_KEY",
    "OPENROUTER_API_KEY",
    "TOGETHERAI_API_KEY",
    "FIREWORKS_AI_API_KEY",
    "CEREBRAS_API_KEY",
    "DEEPINFRA_API_KEY",
    "NEBIUS_API_KEY",
    "NVIDIA_NIM_API_KEY",
    "PERPLEXITYAI_API_KEY",
    "DASHSCOPE_API_KEY",
    "MOONSHOT_API_KEY",
    "REPLICATE_API_KEY",
    "HUGGINGFACE_API_KEY",
)
"""Where LiteLLM looks for the key of a model, by its name's prefix."""

_ELSEWHERE = ("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_API_BASE", "AZURE_API_BASE", "OLLAMA_API_BASE")
_HUB_TOKEN = "HF_TOKEN"
_SECRET = 6
"""Characters from which on a value is taken for a secret: shorter ones are words such as EMPTY, which hide nothing."""
_TELLING = ("_key", "_token", "_secret", "_password", "_proxy")
_YES = ("1", "on", "yes", "true")


def keys() -> Line:
    """Say which keys are set."""
    values = {name: os.environ[name] for name in KEYS if name in os.environ}
    odd = [name for name, value in values.items() if not value.strip() or value != value.strip()]
    bases = [name for name in _ELSEWHERE if os.environ.get(name)]
    sent = f"; {_and(bases)} set: requests go there" if bases else ""
    figures = {"set": [name for name in values if name not in odd], "odd": odd, "addresses": bases}
    if odd:
        said = f"{_and(odd)} set, but empty or with a blank at an end{sent}"
        return Line("keys", "wrong", said, f"export {odd[0]}='the key alone'", figures=figures)
    if not values:
        said = f"none is set; models behind an API need one, e.g. {KEYS[0]}{sent}"
        return Line("keys", "-", said, figures=figures)
    return Line("keys", "ok", f"{_and(list(values))} set{sent}", figures=figures)


def hub() -> Line:
    """Say what the environment tells the library of the Hugging Face Hub."""
    token = bool(os.environ.get(_HUB_TOKEN, "").strip())
    offline = os.environ.get("HF_HUB_OFFLINE", "").lower() in _YES
    said = f"{_HUB_TOKEN} is set" if token else f"{_HUB_TOKEN} is not set; 'accord export --hub' needs it or a login"
    if offline:
        said += "; HF_HUB_OFFLINE is set: nothing is fetched"
    return Line("Hugging Face", "ok" if token else "-", said, figures={"token": token, "offline": offline})


def proxies() -> Line:
    """Say through which hosts requests go; the address of a proxy may have a password in it."""
    found = {scheme: _host(address) for scheme, address in getproxies().items() if scheme != "no"}
    around = "; NO_PROXY is set" if found and (os.environ.get("NO_PROXY") or os.environ.get("no_proxy")) else ""
    said = ", ".join(f"{scheme} goes through {host}" for scheme, host in sorted(found.items()))
    return Line("proxies", "-", f"{said}{around}" or "none", figures=found)


def without_secrets(text: str, variables: Mapping[str, str] = os.environ) -> str:
    """Return a text without any key, token or proxy's address that is set: errors and servers like to repeat them."""
    for name, value in variables.items():
        if (name in KEYS or name == _HUB_TOKEN or name.lower().endswith(_TELLING)) and len(value.strip()) >= _SECRET:
            text = text.replace(value.strip(), "***")
    return text


def _host(address: str) -> str:
    try:
        found = urlsplit(address if "//" in address else f"//{address}")
        return f"{found.hostname}:{found.port}" if found.port else str(found.hostname)
    except ValueError:
        return "an address that cannot be read"


def _and(names: list[str]) -> str:
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"
