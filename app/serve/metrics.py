"""Knows what is counted while a rater is served, in Prometheus' form; never sees a text and does not serve."""

from collections.abc import Callable, Iterable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest

from ...data import Scale
from .rater_answers import RaterAnswer

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_ITEMS = (1, 2, 4, 8, 16, 32, 64, 128)
_MOST_LABELS = 101

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""Of what `Metrics.page` returns."""


class Metrics:
    """The counters of one server, in a registry of their own.

    The labels that were given are counted one by one where the scale has few: a rater that suddenly says 5 to
    everything is seen there first.

    Args:
        scale: The rater's scale.
        about: What the rater is, e.g. its name and model.
    """

    def __init__(self, scale: Scale, about: dict[str, str]) -> None:
        """Set all counters to nothing."""
        self._registry = registry = CollectorRegistry()
        self._scale = scale
        Info("accord_rater", "What is served", registry=registry).info(about)
        self._requests = Counter("accord_requests", "Requests answered", ["route", "status"], registry=registry)
        self._seconds = Histogram(
            "accord_request_seconds",
            "From a request's head to its answer",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._in_flight = Gauge("accord_requests_in_flight", "Requests being answered", registry=registry)
        self._rated = Counter("accord_items_rated", "Items that were given a label", registry=registry)
        self._unparsed = Counter("accord_items_unparsed", "Items without a label", ["reason"], registry=registry)
        self._labels = Counter("accord_labels", "Items by the label they were given", ["label"], registry=registry)
        self._tokens = Counter("accord_tokens", "Tokens of the rater's model", ["kind"], registry=registry)
        self._queue = Gauge("accord_queue_items", "Items that wait for a batch", registry=registry)
        self._batch = Histogram("accord_batch_items", "Items in a batch", buckets=_ITEMS, registry=registry)
        self._batch_seconds = Histogram(
            "accord_batch_seconds", "Time a batch took", buckets=_SECONDS, registry=registry
        )
        few = scale.levels_up_to(_MOST_LABELS)
        self._few = len(few) > 0
        for level in few:
            self._labels.labels(scale.write(level))

    def follow_queue(self, waiting: Callable[[], int]) -> None:
        """Report what a function says as the length of the queue."""
        self._queue.set_function(waiting)

    def came(self) -> None:
        """Count a request that is being answered from now on."""
        self._in_flight.inc()

    def went(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._in_flight.dec()
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def batched(self, items: int, seconds: float) -> None:
        """Count a batch."""
        self._batch.observe(items)
        self._batch_seconds.observe(seconds)

    def rated(self, answers: Iterable[RaterAnswer]) -> None:
        """Count what was said of some items."""
        for answer in answers:
            self._tokens.labels("prompt").inc(answer.prompt_tokens)
            self._tokens.labels("completion").inc(answer.completion_tokens)
            if answer.label is None:
                self._unparsed.labels(answer.unparsed).inc()
                continue
            self._rated.inc()
            if self._few:
                self._labels.labels(self._scale.write(answer.label)).inc()

    def page(self) -> bytes:
        """Write everything down as Prometheus reads it."""
        return generate_latest(self._registry)
