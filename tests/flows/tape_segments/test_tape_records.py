"""Records as bytes: what was written comes back, and nothing else does."""

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.tape.segments.record import Broken, Record, decode, encode, next_whole
from tests.flows.tape_segments.made_records import numbered, records


@settings(max_examples=60, deadline=None)
@given(records)
def test_records_come_back_as_they_were_written(written: list[Record]) -> None:
    found, broken = decode(encode(written))
    assert [record for record, _ in found] == written
    assert broken is None


@settings(max_examples=60, deadline=None)
@given(records, st.data())
def test_a_cut_leaves_the_records_before_it_and_no_other(written: list[Record], data: st.DataObject) -> None:
    whole = encode(written)
    cut = data.draw(st.integers(0, len(whole)))
    found, broken = decode(whole[:cut])
    kept = [record for record, _ in found]
    assert kept == written[: len(kept)]
    assert len(encode(written[: len(kept) + 1])) > cut or len(kept) == len(written)
    assert broken == (None if len(encode(kept)) == cut else Broken(len(encode(kept)), torn=True))


@settings(max_examples=60, deadline=None)
@given(records.filter(bool), st.data())
def test_no_flipped_bit_goes_unnoticed(written: list[Record], data: st.DataObject) -> None:
    whole = bytearray(encode(written))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    found, broken = decode(bytes(whole))
    assert broken is not None
    assert broken.position <= place
    kept = [record for record, _ in found]
    assert kept == written[: len(kept)]


def test_a_whole_record_behind_damage_is_found() -> None:
    first, second = encode(numbered(1)), encode(numbered(2)[1:])
    damaged = first[:-1] + b"\x00" + second
    assert next_whole(damaged, 0) is not None
    assert next_whole(first, 0) is None


def test_zeros_are_no_record() -> None:
    """As a file system may leave them after a power cut."""
    assert decode(bytes(4096)) == ([], Broken(0, torn=False))
