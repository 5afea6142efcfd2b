"""Snapshots that earlier versions stored: later ones go on from them to the bytes of a run that never stopped."""

import gzip
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sinks.database import open_database
from sinks.schema import upgrade
from tests.flows.made import digest_of, rows_of
from tests.flows.recovery.make_kept import options_of
from tests.flows.recovery.stops import go_on

STORED = sorted(Path(__file__).parent.glob("kept-*"))


@pytest.mark.parametrize("stored", STORED, ids=[each.name for each in STORED])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_stored_snapshot_is_gone_on_from(stored: Path, workers: int, tmp_path: Path) -> None:
    """Bars, scan, proposer, gates, books and places, as they were written then."""
    kept, whole = tmp_path / "kept", tmp_path / "whole"
    for folder in (kept, whole):
        shutil.copytree(stored, folder)
    (kept / "plans.db").write_bytes(gzip.decompress((kept / "plans.db.gz").read_bytes()))
    upgraded(kept)
    meter = go_on(replace(options_of(kept), workers=workers), None)
    assert meter.notes == []
    assert 200 < meter.rows < 400
    go_on(replace(options_of(whole), recovery=None), None)
    for table in ("plan_events", "bars", "scan_results", "progress"):
        query = f"SELECT * FROM {table}"
        found, wanted = (sorted(map(repr, rows_of(f"sqlite:///{each}/plans.db", query))) for each in (kept, whole))
        assert without_position(found, table) == without_position(wanted, table)
    assert digest_of(f"sqlite:///{kept}/plans.db") == digest_of(f"sqlite:///{whole}/plans.db")


def upgraded(folder: Path) -> None:
    """Bring tables of an earlier version to this one's, as people do before they go on."""
    engine = open_database(f"sqlite:///{folder}/plans.db")
    try:
        upgrade(engine)
    finally:
        engine.dispose()


def without_position(rows: list[str], table: str) -> list[str]:
    """Events of one instant may have come in another order across symbols."""
    return sorted(row.rpartition(",")[0] for row in rows) if table == "plan_events" else rows
