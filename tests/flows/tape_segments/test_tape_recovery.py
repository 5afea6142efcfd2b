"""Tapes that were not closed: cut files, flipped bytes, killed writers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.tape.segments.errors import TapeDamagedError
from flows.tape.segments.record import Record, encode
from flows.tape.segments.segment import HEADER_BYTES, segments
from flows.tape.segments.writer import Sync, TapeWriter
from tests.flows.tape_segments.made_records import everything, numbered, records

WRITER = """
import sys
from pathlib import Path
from flows.tape.segments.record import Kind, Record
from flows.tape.segments.writer import Sync, TapeWriter
writer = TapeWriter(Path(sys.argv[1]), Sync(sys.argv[2]), segment_bytes=200_000)
number = 0
while True:
    some = range(number, number + 50)
    batch = [Record(Kind.FRAME, 1_381_239_000_000_000_000 + n, b"%08d" % n * (n % 90)) for n in some]
    writer.append(batch)
    number += 50
    if number == 1_000:
        print("going", flush=True)
"""


def tape_of(folder: Path, written: list[Record]) -> Path:
    """Write a tape of one segment; return the segment."""
    with TapeWriter(folder, Sync.NEVER, segment_bytes=1 << 40) as writer:
        for record in written:
            writer.append([record._replace(receive_ns=written[0].receive_ns)])
    return segments(folder)[-1].path


@settings(max_examples=40, deadline=None)
@given(records.filter(bool), st.data())
def test_any_cut_is_recovered_to_whole_records(written: list[Record], data: st.DataObject) -> None:
    """The file ends at any byte; the next writer goes on after the last whole record."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = tape_of(folder, written)
        cut = data.draw(st.integers(0, path.stat().st_size))
        os.truncate(path, cut)
        with TapeWriter(folder, Sync.NEVER) as writer:
            notes = writer.notes
            writer.append(numbered(2))
        found = everything(folder)
        kept = [each._replace(receive_ns=written[0].receive_ns) for each in written[: len(found) - 2]]
        assert found == kept + numbered(2)
        whole = {HEADER_BYTES + len(encode(written[:count])) for count in range(len(written) + 1)}
        assert (notes == []) == (cut in whole)


@settings(max_examples=40, deadline=None)
@given(records.filter(bool), st.data())
def test_any_flipped_byte_is_detected(written: list[Record], data: st.DataObject) -> None:
    """No reader takes a damaged record for one; what follows whole records never disappears without a word."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = tape_of(folder, written)
        content = bytearray(path.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        try:
            found = everything(folder)
        except TapeDamagedError:
            return
        assert len(found) == len(written) - 1  # the last record: no different from one that was never finished
        with TapeWriter(folder, Sync.NEVER) as writer:
            assert len(writer.notes) == 1


def test_whole_records_behind_damage_are_kept_aside(tmp_path: Path) -> None:
    path = tape_of(tmp_path, numbered(20))
    content = bytearray(path.read_bytes())
    third = HEADER_BYTES + len(encode(numbered(2)))
    content[third + 20] ^= 1
    path.write_bytes(content)
    with TapeWriter(tmp_path) as writer:
        begun = f"{path}: cut at byte {third}, {len(content) - third} bytes of an unfinished record"
        kept = f"whole records stood behind it, kept in {path.name}.cut-{third}"
        assert writer.notes == [f"{begun}; {kept}"]
    assert path.with_name(f"{path.name}.cut-{third}").read_bytes() == content[third:]
    assert len(everything(tmp_path)) == 2


def test_a_segment_cut_within_its_header_is_removed(tmp_path: Path) -> None:
    with TapeWriter(tmp_path, segment_bytes=1) as writer:
        for record in numbered(3):
            writer.append([record])
    last = segments(tmp_path)[-1].path
    os.truncate(last, 5)
    with TapeWriter(tmp_path) as writer:
        assert writer.notes == [f"{last}: ended within its header; removed"]
        writer.append(numbered(1))
    assert everything(tmp_path) == numbered(2) + numbered(1)


def test_a_missing_segment_is_said_and_not_bridged(tmp_path: Path) -> None:
    with TapeWriter(tmp_path, segment_bytes=1) as writer:
        for record in numbered(3):
            writer.append([record])
    segments(tmp_path)[1].path.unlink()
    with pytest.raises(TapeDamagedError, match="a segment is missing"):
        everything(tmp_path)
    with pytest.raises(TapeDamagedError, match="a segment is missing"):
        TapeWriter(tmp_path)


@pytest.mark.parametrize("policy", ["batch", "never"])
def test_a_killed_writer_leaves_a_readable_tape(tmp_path: Path, policy: str) -> None:
    """SIGKILL in mid-write, three times; every record that is there is the next one, and the tape goes on."""
    counts = []
    for pause in (0.0, 0.013, 0.03):
        folder = tmp_path / str(pause)
        with subprocess.Popen([sys.executable, "-c", WRITER, folder, policy], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"going\n"
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
        found = everything(folder)
        assert [record.payload for record in found] == [b"%08d" % n * (n % 90) for n in range(len(found))]
        with TapeWriter(folder) as writer:
            writer.append(numbered(1))
        counts.append(len(found))
        assert everything(folder)[-1:] == numbered(1)
    assert min(counts) >= 1_000
