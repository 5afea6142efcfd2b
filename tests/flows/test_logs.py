"""The log of a process: what a line holds, in which order, and what never gets into it."""

import json
import os
import subprocess
import sys
from typing import Any

SECRET = 'hush"\\5521'
SAYING = """
import logging, pathlib, threading, warnings
from flows.logs import log_line, set_up
set_up("test", human={human})
log_line("gap_stays_open", reason="two\\nlines \\x1b[2J", inner=[{{"key": {secret!r}}}], where=pathlib.Path("x"))
log_line("streaming")
logging.getLogger("uvicorn.error").error("it %s", "broke")
warnings.warn({secret!r})
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise ValueError({secret!r})
"""


def said(human: bool) -> str:
    """What a process writes to stderr that says everything there is to say."""
    code = SAYING.format(human=human, secret=SECRET)
    environment = {**os.environ, "POLYGON_API_KEY": SECRET, "NO_COLOR": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def test_one_json_object_per_line_whoever_speaks() -> None:
    """Our own events, a library, a warning, and errors that nobody caught, in a thread and at the end."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in said(human=False).splitlines()]
    assert [(each["event"], each["level"]) for each in lines] == [
        ("gap_stays_open", "error"),
        ("streaming", "info"),
        ("log", "error"),
        ("log", "warning"),
        ("uncaught", "critical"),
        ("uncaught", "critical"),
    ]
    assert all(list(each)[:4] == ["at", "level", "process", "event"] and each["process"] == "test" for each in lines)
    assert lines[0] | {"at": ""} == {
        "at": "",
        "level": "error",
        "process": "test",
        "event": "gap_stays_open",
        "reason": "two\nlines \x1b[2J",
        "inner": [{"key": "[key]"}],
        "where": "x",
    }
    assert (lines[2]["logger"], lines[2]["message"]) == ("uvicorn.error", "it broke")
    assert "ZeroDivisionError" in lines[4]["exception"]
    assert lines[5]["exception"].endswith("ValueError: [key]")


def test_lines_for_people_hold_no_key_and_no_control_characters() -> None:
    text = said(human=True)
    assert "gap_stays_open" in text
    assert "hush" not in text
    assert "\x1b" not in text


def test_a_log_that_nobody_reads_any_more_stops_nothing() -> None:
    code = "import os\nfrom flows.logs import log_line, set_up\nset_up('t')\nos.close(2)\nlog_line('a')\nprint('on')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "on\n")
