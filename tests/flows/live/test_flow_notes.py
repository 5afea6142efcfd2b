"""What the flow has to say of how it begins stands in the log when it begins."""

import json
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from flows.live.following import follow_tape
from flows.live.options import LiveOptions
from tests.flows.recovery.test_other_tapes import options_of, tape


def test_a_tape_that_is_read_anew_is_said_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whoever wonders why it takes long is told while it does, and also where the run then dies."""
    folder, stop = tape(tmp_path / "tape", "first", 1), Event()
    stop.set()
    options = options_of(tmp_path, folder)
    follow_tape(LiveOptions(options, folder, "ws://nowhere", symbols=("AAA",)), stop)
    capfd.readouterr()

    def die(*_: Any) -> None:
        msg = "before its end"
        raise RuntimeError(msg)

    monkeypatch.setattr("flows.replay._write", die)
    other = replace(options, database=f"sqlite:///{tmp_path}/other.db")
    with pytest.raises(RuntimeError, match="before its end"):
        follow_tape(LiveOptions(other, folder, "ws://nowhere", symbols=("AAA",)), stop)
    said = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    anew = f"{tmp_path}/kept: the database is another than before; the tape is read anew"
    assert [each["note"] for each in said if each["event"] == "flow_note"] == [anew]
