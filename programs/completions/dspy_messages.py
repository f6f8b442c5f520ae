"""Knows how a request in DSPy's form becomes a prompt; does not know who answers it."""

from typing import Any

from dspy.lm15 import Request

from ..adapter import Prompt, Turn


def prompt_of(request: Request) -> Prompt:
    """Read a canonical DSPy request back into the prompt it was made from."""
    system = request.system
    head: list[Turn] = []
    if system is not None:
        text = system if isinstance(system, str) else "".join(getattr(part, "text", "") for part in system)
        head = [Turn("system", text)]
    roles: dict[str, Any] = {"assistant": "assistant", "system": "system", "developer": "system"}
    body = [Turn(roles.get(str(message.role), "user"), message.text or "") for message in request.messages]
    return Prompt(tuple(head + body))
