"""The machine itself: interpreter, packages, time zones, calendar, SQLite, open files, memory."""

import os
import platform
import resource
import sqlite3
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from re import match
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows.doctor.finding import Finding, fail, ok, warn
from operators.nyse import LAST_DAY
from operators.sessions import new_york
from operators.times import iso

PROJECT: Final = "fancy-trader"
PYTHONS: Final = ((3, 11), (3, 12))
OLDEST_SQLITE: Final = (3, 35, 0)
"""The first with RETURNING, which the sinks use."""
OPEN_FILES: Final = 1024
MEMORY_BYTES: Final = 2 << 30


def look_at_machine(now_ns: int) -> Iterator[Finding]:
    """Look at everything that needs no argument."""
    yield python(sys.version_info[:2])
    yield packages()
    yield time_zone()
    yield calendar(now_ns)
    yield sqlite(sqlite3.sqlite_version_info)
    yield open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield memory(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def python(found: tuple[int, int]) -> Finding:
    """Whether the engine has wheels for this interpreter."""
    name = f"{platform.python_implementation()} {found[0]}.{found[1]}"
    if found in PYTHONS:
        return ok("python", name)
    return fail("python", name, "use Python 3.11 or 3.12; the dataflow engine has no wheels for others")


def packages(project: str = PROJECT) -> Finding:
    """Whether every package that the project asks for is installed, leaving extras aside."""
    try:
        wanted = [each for each in requires(project) or () if "extra ==" not in each]
    except PackageNotFoundError:
        return fail("packages", f"{project} is not installed", "install it: python3 dev.py demo makes an environment")
    names = [found[0] for each in wanted if (found := match(r"[A-Za-z0-9._-]+", each))]
    missing = [name for name in names if not _installed(name)]
    if missing:
        return fail("packages", f"missing: {', '.join(missing)}", "install the project again, in this environment")
    return ok("packages", f"{project} {version(project)} with {len(names)} packages")


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def time_zone(name: str = "America/New_York") -> Finding:
    """Whether the time zone of the exchange is known here."""
    try:
        ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return fail("time zone", f"{name} is unknown here", "install the system's tzdata, or the package tzdata")
    return ok("time zone", name)


def calendar(now_ns: int) -> Finding:
    """Whether the machine's clock shows a day that the trading calendar covers."""
    found = f"{iso(now_ns)}; the calendar ends {LAST_DAY}"
    left = (LAST_DAY - new_york(now_ns).date()).days
    if left < 0:
        return fail("clock", found, "set the clock; or, if it is right, update this program")
    if left < 90:
        return warn("clock", found, "update this program before then")
    return ok("clock", found)


def sqlite(found: tuple[int, ...]) -> Finding:
    """Whether SQLite is new enough for the sinks."""
    name = ".".join(map(str, found))
    if found >= OLDEST_SQLITE:
        return ok("sqlite", name)
    return fail("sqlite", name, f"SQLite {'.'.join(map(str, OLDEST_SQLITE))} or later is needed; PostgreSQL works, too")


def open_files(limit: int) -> Finding:
    """Whether many streams can be served at once."""
    unlimited = limit == resource.RLIM_INFINITY
    found = "no limit" if unlimited else f"{limit:,} at once"
    if unlimited or limit >= OPEN_FILES:
        return ok("open files", found)
    return warn("open files", found, f"raise it (ulimit -n {OPEN_FILES}) to serve hundreds of streams")


def memory(total_bytes: int) -> Finding:
    """Whether replays of whole days fit."""
    found = f"{total_bytes / (1 << 30):.1f} GiB, {os.cpu_count()} cores"
    if total_bytes >= MEMORY_BYTES:
        return ok("memory", found)
    return warn("memory", found, "replays of whole market days take up to 1.5 GB; name --symbols")
