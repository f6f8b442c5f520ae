"""Draws as the journal's tests record them."""

from accord.data import Draw, Label, Source

SOURCE = Source("model@abc", {"temperature": 1.0, "max_tokens": 64, "seed": 0})
PROMPT = "ab" * 32


def a_draw(index=0, label: Label | None = 4, prompt=PROMPT, item_id="item", rationale="warm", **options) -> Draw:
    """Return a draw of one item's prompt."""
    return Draw(item_id, prompt, index, label, rationale, **options)
