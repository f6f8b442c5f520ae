"""Knows the words and marks around a rater's guideline and item; does not know how replies are read."""

from dataclasses import dataclass
from typing import Literal

from ...data import Scale
from ...data.frozen import FrozenDict
from .prompt_records import well_formed

Fence = Literal["tag", "bracket"]


@dataclass(frozen=True)
class Template:
    """The frame of a rater's prompts and replies. The default is what every saved rater is asked with.

    Other frames are for asking whether a rater holds under them (`TEMPLATES`): a reply's parts may be called whatever
    `parse` knows as the marker of a label, so one object renders the prompt and the reply, and reads it.

    Attributes:
        rationale: What the reasoning is called in a reply.
        label: What the label is called in a reply.
        request: The line over the form of the reply.
        form_first: Whether the form of the reply stands before the guideline instead of after it.
        descending: Whether the form names the levels from the highest (or last) down.
        fence: What a field stands in: ``<text>...</text>`` or ``[text]...[/text]``.
    """

    rationale: str = "Reason"
    label: str = "Label"
    request: str = "Reply in this form:"
    form_first: bool = False
    descending: bool = False
    fence: Fence = "tag"

    def system(self, told: str, form: str) -> str:
        """Put a guideline and the form of the reply in their order."""
        return "\n\n".join([form, told] if self.form_first else [told, form])

    def form(self, outputs: list[str], scale: Scale) -> str:
        """Say in which form to reply.

        Args:
            outputs: ``rationale`` and ``label``, or what of them is written, in their order.
            scale: What labels there are.
        """
        levels = scale.describe(descending=self.descending)
        wanted = {
            "rationale": f"{self.rationale}: <the reasoning that leads to the label>",
            "label": f"{self.label}: <{levels}>",
        }
        return "\n".join([self.request, *(wanted[name] for name in outputs)])

    def reply(self, outputs: list[str], rationale: str, label: str) -> str:
        """Write a reply in the form."""
        parts = {"rationale": f"{self.rationale}: {rationale}", "label": f"{self.label}: {label}"}
        return "\n".join(parts[name] for name in outputs)

    def fenced(self, name: str, text: str) -> str:
        """Put a text between marks with its name; the text cannot close them."""
        opening, closing = ("<", ">") if self.fence == "tag" else ("[", "]")
        end = f"{opening}/{name}"
        shown = well_formed(text).strip().replace(end, f"{opening}\\/{name}")
        return f"{opening}{name}{closing}\n{shown}\n{end}{closing}"


TEMPLATES = FrozenDict(
    {
        "other names": Template(rationale="Explanation", label="Rating", request="Answer in this form:"),
        "form first": Template(form_first=True),
        "levels descending": Template(descending=True),
        "other fences": Template(fence="bracket"),
    }
)
"""Frames that say the same in another way, by what differs from the default."""
