"""Prints of the made tapes as a feed would send them: frames on a tape, with clock marks, commands and gaps."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from flows.tape.segments.payloads import PlanCommand, clock, command, frame, repair
from flows.tape.segments.record import Record
from flows.tape.segments.writer import Sync, TapeWriter
from operators.times import SECOND_NS
from tests.flows.made import VENDOR, walk

MS_NS = 1_000_000
LATENCY_NS = 30 * MS_NS
"""How long a print is on its way."""

Print = dict[str, str]


def market_prints(symbols: Sequence[str], count: int, seed: int = 1, seconds: int = 23_400) -> list[Print]:
    """Return wandering prints of some symbols in order of time, as precise and as ignorant as the feed is."""
    lines = [line for symbol in symbols for line in walk(symbol, count, seed, seconds=seconds)]
    prints = list(csv.DictReader(io.StringIO("\n".join([VENDOR, *lines]), newline="")))
    for each in prints:
        for name in ("sip_timestamp", "participant_timestamp"):
            each[name] = str(int(each[name]) // MS_NS * MS_NS)
        each["correction"] = "0"
    return sorted(prints, key=lambda each: int(each["sip_timestamp"]))


def as_csv(prints: Iterable[Print]) -> list[str]:
    """Write prints as lines of the vendor's flat file, by ticker."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, VENDOR.split(","), lineterminator="\n")
    writer.writerows(sorted(prints, key=lambda each: each["ticker"]))
    return text.getvalue().splitlines()


def as_event(given: Print) -> dict[str, Any]:
    """Write a print as an event of the feed."""
    event: dict[str, Any] = {"ev": "T", "sym": given["ticker"], "i": given["id"], "x": int(given["exchange"])}
    event |= {"p": float(given["price"]), "s": round(float(given["size"])), "ds": given["size"], "z": 1}
    event |= {"t": int(given["sip_timestamp"]) // MS_NS, "pt": int(given["participant_timestamp"]) // MS_NS}
    event["q"] = int(given["sequence_number"])
    if given["conditions"]:
        event["c"] = [int(each) for each in given["conditions"].split(",")]
    return event


def as_frames(prints: Iterable[Print]) -> list[Record]:
    """Write prints as frames, those of a millisecond together."""
    records = []
    for stamp, group in groupby(prints, key=lambda each: int(each["sip_timestamp"])):
        payload = json.dumps([as_event(each) for each in group], separators=(",", ":")).encode()
        records.append(frame(payload, stamp + LATENCY_NS, feed=1))
    return records


def as_pages(prints: Iterable[Print], receive_ns: int) -> list[Record]:
    """Write prints as the pages that the REST endpoint gives, symbol by symbol; its times are finer."""
    found = sorted(prints, key=lambda each: each["ticker"])
    records = []
    for symbol, group in groupby(found, key=lambda each: each["ticker"]):
        body = json.dumps({"status": "OK", "results": [as_result(each) for each in group]})
        records.append(repair(symbol, body.encode(), receive_ns, feed=1))
    return records


def as_result(given: Print) -> dict[str, Any]:
    """Write a print as a row of /v3/trades."""
    result: dict[str, Any] = {"exchange": int(given["exchange"]), "id": given["id"], "price": float(given["price"])}
    result |= {"sip_timestamp": int(given["sip_timestamp"]) + 123_456, "size": float(given["size"]), "tape": 1}
    result |= {"participant_timestamp": int(given["participant_timestamp"]) + 99_999}
    result["sequence_number"] = int(given["sequence_number"])
    if given["conditions"]:
        result["conditions"] = [int(each) for each in given["conditions"].split(",")]
    return result


def with_clock(records: Sequence[Record], every_ns: int = SECOND_NS) -> list[Record]:
    """Put a clock mark between records whenever so much time has passed."""
    found: list[Record] = []
    due_ns = 0
    for record in records:
        if record.receive_ns >= due_ns:
            found.append(clock(record.receive_ns))
            due_ns = record.receive_ns + every_ns
        found.append(record)
    return found


def registering(plan: dict[str, Any], at_ns: int) -> Record:
    """A plan command."""
    return command(PlanCommand(f"r-{plan['plan_id']}-{at_ns}", "register", plan=plan), at_ns)


def cancelling(plan_id: str, at_ns: int) -> Record:
    """A plan command."""
    return command(PlanCommand(f"c-{plan_id}-{at_ns}", "cancel", plan_id=plan_id), at_ns)


def in_order(*several: Iterable[Record]) -> list[Record]:
    """Merge records by the time they came."""
    return sorted((record for records in several for record in records), key=lambda record: record.receive_ns)


def write_records(folder: Path, records: Sequence[Record], *, batch: int = 500, segment_bytes: int = 1 << 28) -> Path:
    """Write a tape."""
    with TapeWriter(folder, Sync.NEVER, segment_bytes=segment_bytes) as writer:
        for start in range(0, len(records), batch):
            writer.append(records[start : start + batch])
    return folder
