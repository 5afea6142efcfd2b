"""The process that publishes the tape to its topic as it grows, until it is told to stop and has published it all."""

from pathlib import Path
from threading import Event

from flows.kafka.publishing import Publisher
from flows.live.child import telling
from flows.live.options import LiveOptions
from flows.live.waiting import awaited
from flows.tape.segments.segment import HEADER_BYTES, segments


def publish_tape(options: LiveOptions, stop: Event) -> None:
    """Publish the tape in its folder.  Raises CommandError: what no broker took stays on the tape for the next try."""
    if options.topic is None or not awaited(lambda: _begun(options.tape), stop):
        return
    publisher = Publisher(options.tape, options.topic)
    with telling(lambda: {"records": publisher.records, "messages": publisher.messages}):
        publisher.run(stop, follow=True)


def _begun(folder: Path) -> bool | None:
    """Whether the tape's first record has come; None before it does."""
    found = segments(folder) if folder.is_dir() else []
    return bool(found and (len(found) > 1 or found[0].path.stat().st_size > HEADER_BYTES)) or None
