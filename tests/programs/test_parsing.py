"""Replies as models write them: which label is read, or the reason why none is; nothing ever raises."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accord.data import Interval, Nominal, Ordinal, Pairwise
from accord.programs import Completion, RaterAdapter, Unparsed, parse

FIVE = Ordinal(1, 5)
TEN = Ordinal(0, 10)
IRONY = Nominal(["ironic", "not_ironic"])
QUALITY = Ordinal.of(["bad", "good", "very good"])
PAIR = Pairwise()
SPAN = Interval(-4, 4)
HALVES = Interval(0, 1, 0.5)
SCALES = [FIVE, TEN, IRONY, QUALITY, PAIR, Pairwise(tie=False), SPAN, HALVES]

READ = [
    # What the prompt asks for, and harmless variations of it.
    (FIVE, "Reason: warm words.\nLabel: 4", "warm words.", 4),
    (FIVE, "reason: warm words.\nlabel: 4", "warm words.", 4),
    (FIVE, "REASON: warm words.\n\nLABEL:4\n", "warm words.", 4),
    (FIVE, "**Reason:** warm.\n**Label:** 4", "warm.", 4),
    (FIVE, "**Reason**: warm.\n**Label**: **4**", "warm.", 4),
    (FIVE, "### Reasoning: warm.\n- Label: `4`", "warm.", 4),
    (FIVE, "> Explanation: warm.\n> Rating: 4", "warm.", 4),
    (FIVE, "First this.\nThen that.\nFinal answer: 4", "First this.\nThen that.", 4),
    (FIVE, "Warm.\nOverall score = 4", "Warm.", 4),
    (FIVE, "Warm.\nMy verdict: 4", "Warm.", 4),
    (FIVE, "Label: 4\nReason: warm.", "warm.", 4),
    (FIVE, "Label: 4\n\nWarm words.", "Warm words.", 4),
    (FIVE, "Label: 4.0", "", 4),
    (FIVE, "Label: 4.", "", 4),
    (FIVE, 'Label: "4"', "", 4),
    (FIVE, "Label: [[4]]", "", 4),
    (FIVE, "Label: <4>", "", 4),
    (FIVE, "Label: 4/5", "", 4),
    (FIVE, "Label: 4 out of 5", "", 4),
    (FIVE, "Label: 4 (positive)", "", 4),
    (FIVE, "Label: **4** (positive)", "", 4),
    (FIVE, "Label: 4 - positive", "", 4),
    (FIVE, "Label: 4, positive", "", 4),
    (FIVE, "Label: 4 = positive", "", 4),
    (FIVE, "Label: 4 stars", "", 4),
    (FIVE, "Label: 4\nLabel: 4", "", 4),
    (FIVE, "Score: 4\nReason: warm.\nLabel: 4", "", 4),
    # Nothing but a label.
    (FIVE, "4", "", 4),
    (FIVE, " **4** \n", "", 4),
    (FIVE, "4/5", "", 4),
    (FIVE, "4 - the words are warm", "", 4),
    # JSON.
    (FIVE, '{"label": 4, "rationale": "warm"}', "warm", 4),
    (FIVE, '```json\n{"Reason": " warm ", "Rating": "4"}\n```', "warm", 4),
    (FIVE, '```\n{"score": 4.0}\n```', "", 4),
    (IRONY, '{"verdict": "Not_Ironic", "explanation": "plain"}', "plain", "not_ironic"),
    # Thinking within the reply.
    (FIVE, "<think>Label: 2? No.</think>\nReason: warm.\nLabel: 4", "Label: 2? No.", 4),
    (FIVE, "<thinking>\nwarm\n</thinking>4", "warm", 4),
    (FIVE, "<think></think>Reason: warm.\nLabel: 4", "warm.", 4),
    (FIVE, "Is it 2?\nLabel: 2\nNo.\n</think>\n\nLabel: 4", "Is it 2?\nLabel: 2\nNo.", 4),
    # Names.
    (IRONY, "Reason: he means it.\nLabel: not_ironic", "he means it.", "not_ironic"),
    (IRONY, "Label: IRONIC.", "", "ironic"),
    (IRONY, "Label: 'ironic' (the praise is not meant)", "", "ironic"),
    (IRONY, "not_ironic", "", "not_ironic"),
    (QUALITY, "Label: Very  Good", "", "very good"),
    (QUALITY, "Label: very good - nothing is missing", "", "very good"),
    (QUALITY, "Label: good, nothing is missing", "", "good"),
    # Pairs.
    (PAIR, "Reason: shorter.\nLabel: A", "shorter.", "A"),
    (PAIR, "Verdict: [[b]]", "", "B"),
    (PAIR, "Label: Tie.", "", "tie"),
    # Numbers between two ends.
    (SPAN, "Reason: cold.\nLabel: -2.5", "cold.", -2.5),
    (SPAN, "Label: +1.25", "", 1.25),
    (SPAN, "Label: \u22121", "", -1.0),
    (SPAN, "Label: -2 (cold)", "", -2.0),
    (SPAN, "Label: .5", "", 0.5),
    (SPAN, "Label: 1e-1", "", 0.1),
    (HALVES, "Label: 0.5", "", 0.5),
]

REFUSED = [
    (FIVE, "", "empty"),
    (FIVE, " \n\t", "empty"),
    (FIVE, "<think>Label: 4</think>", "empty"),
    (FIVE, "<think>Label: 4", "empty"),
    (FIVE, "The words are warm.", "no_label"),
    (FIVE, "I would say 4 fits this message best, all in all.", "no_label"),
    (FIVE, "Label:", "no_label"),
    (FIVE, "Label: ****", "no_label"),
    (FIVE, "Label: four", "no_label"),
    (FIVE, "Label: about 4", "no_label"),
    (FIVE, "Label: 4-ish", "no_label"),
    (FIVE, "Label: >4", "no_label"),
    (FIVE, "Label: 4?", "no_label"),
    (FIVE, "Label: 4+", "no_label"),
    (FIVE, "Label: 80%", "no_label"),
    (FIVE, "Label: nan", "no_label"),
    (FIVE, "Label: -inf", "no_label"),
    (FIVE, '{"label": true}', "no_label"),
    (FIVE, '{"label": null, "reason": "warm"}', "no_label"),
    (FIVE, '{"label": [4], "reason": "because"}', "no_label"),
    (FIVE, '{"label": NaN}', "no_label"),
    (FIVE, "Label: 3-4", "several_labels"),
    (FIVE, "Label: 3\u20134", "several_labels"),
    (FIVE, "Label: 4 or 5", "several_labels"),
    (FIVE, "Label: 4 (maybe 5)", "several_labels"),
    (FIVE, "Label: between 4 and 5", "several_labels"),
    (FIVE, "Label: <a whole number from 1 to 5>", "several_labels"),
    (FIVE, "Label: 4/5/2020", "several_labels"),
    (FIVE, "4, 5", "several_labels"),
    (FIVE, "Label: 4\nReason: hm.\nLabel: 5", "several_labels"),
    (FIVE, "Label: 4\nScore: high", "several_labels"),
    (FIVE, '{"label": 4, "label": 5}', "several_labels"),
    (FIVE, '{"rating": 4, "score": 5}', "several_labels"),
    (FIVE, '{"label": "3-4"}', "several_labels"),
    (FIVE, "Label: 6", "outside_scale"),
    (FIVE, "Label: 0", "outside_scale"),
    (FIVE, "Label: -4", "outside_scale"),
    (FIVE, "Label: 3.5", "outside_scale"),
    (FIVE, "Label: 8/10", "outside_scale"),
    (FIVE, "Label: " + "9" * 5000, "outside_scale"),
    (FIVE, '{"label": 7}', "outside_scale"),
    (FIVE, "I'm sorry, but I can't rate this message.", "refused"),
    (FIVE, "As an AI, I do not judge.", "refused"),
    (IRONY, "Label: not ironic", "no_label"),
    (IRONY, "Label: ironically", "no_label"),
    (IRONY, "It is ironic", "no_label"),
    (IRONY, "Label: ironic or not_ironic", "several_labels"),
    (IRONY, "Label: not_ironic, or ironic", "several_labels"),
    (QUALITY, "Label: good to very good", "several_labels"),
    (PAIR, "Label: A or B", "several_labels"),
    (PAIR, "Label: A > B", "several_labels"),
    (PAIR, "Label: C", "no_label"),
    (PAIR, "A good answer, I think", "no_label"),
    (Pairwise(tie=False), "Label: tie", "no_label"),
    (SPAN, "Label: 4.01", "outside_scale"),
    (SPAN, "Label: -1 to 1", "several_labels"),
    (SPAN, "Label: 2,5", "several_labels"),
    (SPAN, "Label: nan", "no_label"),
    (SPAN, "Label: Infinity", "no_label"),
    (SPAN, "Label: 1e999", "no_label"),
    (HALVES, "Label: 0.4", "outside_scale"),
]


@pytest.mark.parametrize(("scale", "text", "rationale", "label"), READ)
def test_tolerated(scale, text, rationale, label):
    reply = parse(text, scale)
    assert (reply.label, type(reply.label)) == (label, type(label))
    assert reply.rationale == rationale


@pytest.mark.parametrize(("scale", "text", "reason"), REFUSED)
def test_refused_with_a_reason(scale, text, reason):
    reply = parse(text, scale)
    assert isinstance(reply.label, Unparsed), reply
    assert reply.label.reason == reason
    assert len(reply.label.detail) <= 100


@pytest.mark.parametrize(
    ("scale", "text", "label"),
    [
        (FIVE, "Reason: the words are", None),
        (FIVE, "", None),
        (FIVE, "<think>still thinking", None),
        (FIVE, "Reason: warm.\nLabel:", None),
        (FIVE, "Reason: warm.\nLabel: 4", 4),  # no other level begins with 4
        (FIVE, "4", 4),
        (TEN, "Reason: warm.\nLabel: 1", None),  # may have become 10
        (TEN, "1", None),
        (TEN, "Reason: warm.\nLabel: 10", 10),
        (TEN, "Label: 1\n", 1),
        (TEN, "Label: 1\nReason: the words are", 1),
        (QUALITY, "Label: very good", "very good"),
        (SPAN, "Label: 2", None),  # may have become 2.5
        (SPAN, "Label: 2\nReason: the", 2.0),
    ],
)
def test_a_cut_reply_gives_only_a_label_that_is_complete(scale, text, label):
    reply = parse(text, scale, truncated=True)
    if label is None:
        assert isinstance(reply.label, Unparsed) and reply.label.reason == "truncated"
    else:
        assert reply.label == label


def test_native_thinking_is_the_rationale_and_its_label_lines_do_not_count():
    reply = parse("Label: 4", FIVE, thinking="It could be\nLabel: 2\nbut no.")
    assert reply.label == 4
    assert reply.rationale == "It could be\nLabel: 2\nbut no."
    assert parse("Reason: in short.\nLabel: 4", FIVE, thinking="At length.").rationale == "At length."
    assert parse('{"label": 4, "reason": "in short"}', FIVE, thinking="At length.").rationale == "At length."


def test_reasons_for_a_draw_that_failed_or_was_cut():
    adapter = RaterAdapter(FIVE)
    failed = adapter.read(Completion("", finish_reason="error", error="RateLimit: 429"))
    assert failed.label == Unparsed("error", "RateLimit: 429")
    cut = adapter.read(Completion("Reason: the words", finish_reason="length"))
    assert isinstance(cut.label, Unparsed) and cut.label.reason == "truncated"
    assert cut.rationale == "the words"
    assert adapter.read(Completion("4", thinking="warm")).rationale == "warm"


PIECES = [
    *("Label:", "Reason: ", "4", "5", "-", "/", " or ", "\n", "**", "{", '"label"', ":", "}", "<think>", "</think>"),
    *("```json\n", "not_ironic", "ironic", "A", "nan", "1e999", "\u0664", "\u00b2", "\ud83d", "\x00", "(", "<", ">"),
]
WILD = st.text(max_size=200) | st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@given(WILD, st.sampled_from(SCALES), WILD, st.booleans())
@example("{" * 5000, FIVE, "", False)
@example('{"label":' * 50_000, FIVE, "", False)
@example('{"label": ' + "9" * 5000 + "}", FIVE, "", False)
@example('{"label": 1e999}', SPAN, "", False)
@example("Label: " + "9" * 5000 + ".5", SPAN, "", True)
@example("Label: " + "1" * 400 + "/" + "5" * 400, FIVE, "", False)
def test_no_text_raises_and_a_label_is_always_on_the_scale(text, scale, thinking, truncated):
    reply = parse(text, scale, thinking=thinking, truncated=truncated)
    assert isinstance(reply.label, Unparsed) or scale.check(reply.label) == reply.label
    assert isinstance(reply.rationale, str)


@pytest.mark.parametrize(
    "text",
    [" " * 40_000 + "x", "a" + "\n" * 40_000 + "b", "Label: " + "*" * 40_000 + "x", "*" * 40_000, "1" * 40_000 + "x",
     "<think>" * 6_000, "{" * 40_000, "Label: " + "4 " * 20_000, "\n".join(["Label: 4"] * 5_000), "label" * 8_000],
    ids=range(10),
)  # fmt: skip
def test_no_text_is_slow(text, benchmark_seconds):
    assert benchmark_seconds(lambda: parse(text, IRONY)) < 1.0
    assert benchmark_seconds(lambda: parse(text, FIVE)) < 1.0
