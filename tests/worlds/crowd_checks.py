"""Knows what a crowd must have got from a served rater, and that a stop loses nothing; does not know the rater."""

import signal
from collections import Counter
from collections.abc import Sequence

from worlds.served_rater import Crowd, Reply, ServedRater, make_calls


def check_replies(replies: list[Reply]) -> None:
    """Check that each call got the status it should, with a reason where it was refused."""
    for reply in replies:
        assert reply.status == reply.call.expected, reply
        if reply.status == 200:
            assert [rating["id"].split(".")[0] for rating in reply.body["ratings"]] == [
                text.split()[1].split(".")[0] for text in reply.call.texts
            ]
        else:
            assert reply.body["error"]["message"] and reply.body["error"]["code"]


def stop_amid_requests(rater: ServedRater, earlier: Sequence[Reply] = (), number: int = signal.SIGTERM) -> None:
    """Stop a server after 100 replies, while a crowd goes on asking; nothing that was accepted is lost.

    Args:
        rater: The server.
        earlier: What others got from it before.
        number: The signal.
    """
    crowd, answered = Crowd(rater.url), 0

    def signal_once(reply: Reply) -> None:
        nonlocal answered
        answered += 1
        if answered == 100:
            rater.signal(number)

    crowd.send(make_calls(5_000, seed=1), signal_once)
    code, said = rater.wait()
    assert code == 0, said
    assert not rater.is_open()
    check_replies([reply for reply in crowd.replies if reply.status not in (0, 503)])
    counts = Counter(reply.status for reply in [*earlier, *crowd.replies])
    assert counts[0] + counts[503] == crowd.clients  # each went on until it was refused
    # What the server counts as accepted has reached a client; bodies that are too long are not let in.
    accepted = sum(counts[status] for status in (200, 400, 422))
    *_, last = said.splitlines()
    assert last.endswith(f": {accepted:,} requests answered, none lost")
