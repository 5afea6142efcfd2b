"""The process that publishes the tape to its topic as it grows, until it is told to stop and has published it all."""

from threading import Event
from typing import Final

from flows.kafka.publishing import Publisher
from flows.live.child import telling
from flows.live.options import LiveOptions
from flows.tape.segments.segment import HEADER_BYTES, segments

WAIT_SECONDS: Final = 0.1


def publish_tape(options: LiveOptions, stop: Event) -> None:
    """Publish the tape in its folder.  Raises CommandError: what no broker took stays on the tape for the next try."""
    if options.topic is None or not _begun(options, stop):
        return
    publisher = Publisher(options.tape, options.topic)
    with telling(lambda: {"records": publisher.records, "messages": publisher.messages}):
        publisher.run(stop, follow=True)


def _begun(options: LiveOptions, stop: Event) -> bool:
    """Wait for the tape's first record; return whether it has come."""
    while True:
        last_look = stop.is_set()
        found = segments(options.tape) if options.tape.is_dir() else []
        if found and (len(found) > 1 or found[0].path.stat().st_size > HEADER_BYTES):
            return True
        if last_look:
            return False
        stop.wait(WAIT_SECONDS)
