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
    (FIVE, "<thinking>Label: 5</think>Label: 2", "Label: 5", 2),  # the tags' names need not agree
    (FIVE, "Reason: the text says </think>\nLabel: 4", "the text says </think>", 4),  # a quoted tag: the form had begun
    # A code fence around it all is no part of the rationale.
    (FIVE, "```\nReason: warm.\nLabel: 4\n```", "warm.", 4),
    (FIVE, "~~~text\nReason: warm.\nLabel: 4", "warm.", 4),
    (FIVE, '```JSON\n{"label": 4, "reason": "warm"}\n```', "warm", 4),
    (FIVE, 'Here it is:\n```json\n{"label": 4, "reason": "warm"}\n```\nAnything else?', "warm", 4),
    (FIVE, '{"label": 4, "score": 4, "reason": "warm"}', "warm", 4),
    # Characters that cannot be seen, digits and punctuation of other scripts, a chat template's closing token.
    (FIVE, "\ufeffReason: warm.\n\u200fLabel\u200b: \u202a4\u202c", "warm.", 4),
    (FIVE, "Reason: warm.\nLabel: 4\x00", "warm.", 4),
    (FIVE, "Label\uff1a\uff14\u3002", "", 4),
    (FIVE, "Label: \u0664", "", 4),
    (FIVE, "Label: \u201c4\u201d", "", 4),
    (FIVE, "Reason: warm.\r\nLabel: 4\r\n", "warm.", 4),
    (FIVE, "Reason: warm.\rLabel: 4", "warm.", 4),
    (FIVE, "Reason: a \ud83d half\nLabel: 4", "a \ufffd half", 4),
    (FIVE, "Reason: warm.\nLabel: 4<|im_end|>", "warm.", 4),
    (SPAN, "Label: \u2212\u0661.\u0665", "", -1.5),
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
    (FIVE, "Label: nan", "not_finite"),
    (FIVE, "Label: -inf", "not_finite"),
    (FIVE, '{"label": true}', "no_label"),
    (FIVE, '{"label": null, "reason": "warm"}', "no_label"),
    (FIVE, '{"label": [4], "reason": "because"}', "no_label"),
    (FIVE, '{"label": NaN}', "not_finite"),
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
    (IRONY, "Label: nan", "no_label"),
    (SPAN, "Label: -\u221e (cold)", "not_finite"),
    (FIVE, '{"label": Infinity, "reason": "warm"}', "not_finite"),
    (FIVE, '{"label": 1e999, "reason": "warm"}', "not_finite"),
    (FIVE, "nan", "not_finite"),
    (FIVE, "Label: 1e5", "outside_scale"),
    (FIVE, "Label: \u00b2", "no_label"),  # a superscript is no digit
    (FIVE, "Die Geschichte ist ordentlich, mehr sage ich nicht.", "no_label"),
    (FIVE, "Bewertung: 4", "no_label"),
    (FIVE, "<think>a<think>b</think>c\nLabel: 5</think>Label: 2", "several_labels"),
    (FIVE, '{"label": 4, "reason": "war', "malformed"),
    (FIVE, '{"label": 4,}', "malformed"),
    (FIVE, "{'label': 4}", "malformed"),
    (FIVE, '{"label": 4} {"label": 5', "malformed"),
    (FIVE, '{"label": 4}\n{"label": 5}', "several_labels"),
    (FIVE, '{"label": 4, "score": 5, "reason": "a long one, longer than a bare label would be"}', "several_labels"),
    (FIVE, '{"result": {"label": 4}}', "no_label"),
    (FIVE, "I'm sorry, but I can't.\nLabel: none", "refused"),
    (FIVE, "Reason: I cannot rate this message.\nLabel: N/A", "refused"),
    (FIVE, "Label: I cannot rate this", "refused"),
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
    (SPAN, "Label: nan", "not_finite"),
    (SPAN, "Label: Infinity", "not_finite"),
    (SPAN, "Label: 1e999", "not_finite"),
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
    "text",
    ["I can't help with that.", "I am sorry, but no.", "I\u2019m unable to rate this.", "We must decline.",
     "Sorry, no.",
     "I apologize, but this is not for me to judge.", "As a large language model, I have no opinion.",
     "Unfortunately, I cannot rate it.", "I do not feel comfortable rating this.", "I'd rather not.", "My apologies.",
     "Es tut mir leid, aber das kann ich nicht.", "Ich kann das leider nicht bewerten.", "Het spijt me.",
     "Je suis d\u00e9sol\u00e9, mais non.", "Lo siento, pero no.", "No puedo ayudar con eso.",
     "Mi dispiace, non posso.",
     "Desculpe, n\u00e3o posso.", "Przepraszam, nie mog\u0119.", "\u0418\u0437\u0432\u0438\u043d\u0438\u0442\u0435.",
     "\u5bf9\u4e0d\u8d77\uff0c\u6211\u65e0\u6cd5\u8bc4\u4ef7\u3002",
     "\u7533\u3057\u8a33\u3042\u308a\u307e\u305b\u3093\u3002",
     "\uc8c4\uc1a1\ud569\ub2c8\ub2e4.", "Reason: I'm sorry, I can't rate that."],
)  # fmt: skip
def test_refusals_in_many_words_are_counted_as_such_and_never_beat_a_label(text):
    refused = parse(text, FIVE).label
    assert isinstance(refused, Unparsed) and refused.reason == "refused"
    assert parse(f"{text}\nLabel: 2", FIVE).label == 2


@pytest.mark.parametrize(
    "text",
    ["The author is sorry, and says so.", "Unfortunate choice of words.", "Sorrowful from end to end.",
     "He cannot rate it, she can.", "Ich finde es nett."],
)  # fmt: skip
def test_words_like_a_refusal_are_none(text):
    label = parse(text, FIVE).label
    assert isinstance(label, Unparsed) and label.reason == "no_label"


@pytest.mark.parametrize(
    ("scale", "text", "label"),
    [
        (FIVE, '{"label": 4, "reason": "war', None),
        (FIVE, '{"label": 4}', 4),
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
    for finish_reason in ("content_filter", "refusal"):
        filtered = adapter.read(Completion("", finish_reason=finish_reason))
        assert isinstance(filtered.label, Unparsed) and filtered.label.reason == "refused"
        assert adapter.read(Completion("Label: 4", finish_reason=finish_reason)).label == 4
    assert adapter.read(Completion("4", thinking="warm")).rationale == "warm"


PIECES = [
    *("Label:", "Reason: ", "4", "5", "-", "/", " or ", "\n", "**", "{", '"label"', ":", "}", "<think>", "</think>"),
    *(
        "```json\n",
        "not_ironic",
        "ironic",
        "A",
        "nan",
        "1e999",
        "inf",
        "\u202e",
        "\u200b",
        "~~~",
        "<|im_end|>",
        ", ",
        "\r",
        "\u0664",
        "\u00b2",
        "\ud83d",
        "\x00",
        "(",
        "<",
        ">",
    ),
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


MEGABYTE = 1_000_000
LONG = [
    *(
        " x",
        "\n",
        "*",
        "1",
        "`",
        "{",
        "<",
        "(",
        "-",
        "\x00",
        "\u202e",
        "\ud83d",
        "<think>",
        "</think>",
        "<think></think>",
    ),
    *("label", "Label:", "Label: \n", "Label: 4\n", "Label" + " " * 50 + "\n", "Reason: ", "final ", ">" * 1000 + "\n"),
    *('{"label":', '{"label": 4}\n', '"label": 4, ', "```json\n", "I'm sorry, ", "I can ", "Label: <", "\t", "my "),
]
AFTER_MARK = [
    "4 ",
    "9",
    "1.",
    "1/",
    "+1",
    "-",
    "*",
    "4*",
    "4-ish-",
    "ironic ",
    "not_ironic, ",
    "ironic",
    "\u00a0",
    "<|a|>",
]


LINEAR = 5.0
"""Seconds of the processor: several times what a busy machine takes, and nothing beside a quadratic pattern's."""


def whole(piece: str) -> str:
    return piece * (MEGABYTE // len(piece))


@pytest.mark.parametrize(
    "text",
    [*map(whole, LONG), *(f"Label: {whole(piece)}x" for piece in AFTER_MARK), '{"label": "' + "4" * MEGABYTE + '"}',
     '{"label": 4, "rationale": "' + "x" * MEGABYTE + '"}', "".join(f"Label: 4 ({n})\n" for n in range(60_000))],
    ids=range(len(LONG) + len(AFTER_MARK) + 3),
)  # fmt: skip
def test_no_megabyte_is_slow(text, benchmark_seconds):
    for scale in (IRONY, FIVE):
        assert benchmark_seconds(lambda scale=scale: parse(text, scale)) < LINEAR
    assert benchmark_seconds(lambda: parse("Label: 4", FIVE, thinking=text)) < LINEAR
