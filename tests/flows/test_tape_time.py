"""How far a replay got, as it is told: to the newest print, whatever the order of the file."""

from pathlib import Path
from typing import Any

import pytest

from operators.times import SECOND_NS
from tests.flows.conftest import ReplayRunner
from tests.flows.made import OPEN_NS, climb, simple_plan, write_tape


@pytest.mark.parametrize("kept", [False, True], ids=["no state", "state kept"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_flat_file_that_goes_symbol_by_symbol_is_read_up_to_its_newest_print(
    tmp_path: Path, replayed: ReplayRunner, kept: bool, workers: int
) -> None:
    """The last symbol's last print is older."""
    tape = write_tape(tmp_path, [*climb(300, "AAA"), *climb(100, "BBB")])
    plans = [simple_plan("P1", "AAA"), simple_plan("P2", "BBB")]
    options: dict[str, Any] = {"recovery": tmp_path / "kept"} if kept else {}
    assert replayed([tape], plans, workers=workers, **options).meter.tape_ns == OPEN_NS + 299 * SECOND_NS
