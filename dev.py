"""The two commands of a checkout: `python3 dev.py demo` and `python3 dev.py test`.

Rule 1: the standard library only, and syntax that an old Python reads well enough to say which one it needs.
Rule 2: everything goes into `.venv` beside this file, from a lock whose hashes are checked.
Rule 3: what is already installed is not installed again, so a second run needs no network.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMPS = VENV / ".stamps"
HOME_STAMP = STAMPS / "home"
SUFFIX = ".exe" if os.name == "nt" else ""

RUNTIME_LOCK = "requirements.lock"
TEST_LOCK = "requirements-test.lock"  # holds everything of the runtime lock, so it serves the demo as well
LOCKS = (RUNTIME_LOCK, TEST_LOCK)
PROJECT = "pyproject.toml"

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# One more than cores, as tests of live runs mostly wait; `-n 0` in ARGS keeps all tests in one process.
PROCESSES = ("-n", str(CORES + 1), "--dist", "worksteal")

SUPPORTED = ("3.12", "3.11")  # bytewax has no wheels above 3.12
PROBE = """
import sys
from importlib.util import find_spec
try:
    found = find_spec(sys.argv[1] + ".__main__") is not None
except ImportError:
    found = False
print("%d.%d" % sys.version_info[:2], found)
"""

USAGE = """\
usage: python3 dev.py demo [ARGS...]    show Fancy Trader at work; ARGS go to `fancy-trader demo`
       python3 dev.py test [ARGS...]    format, lint, types, imports, tests; ARGS go to pytest
"""


class SetupError(Exception):
    """What the person at the keyboard can mend: printed as one line, exit code 2."""


def main(argv: list[str]) -> int:
    """Run one subcommand and return its exit code."""
    command, args = (argv[0], argv[1:]) if argv else ("", [])
    if command in ("-h", "--help"):
        print(USAGE, end="")
        return 0
    if command not in ("demo", "test"):
        print(USAGE, end="", file=sys.stderr)
        return 2
    try:
        prepare(LOCKS if command == "demo" else (TEST_LOCK,))
    except SetupError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 2
    return demo(args) if command == "demo" else test(args)


def demo(args: list[str]) -> int:
    """Run `fancy-trader demo` where the caller stands, so that paths in ARGS mean what they say."""
    command = [tool("fancy-trader"), "demo", *args]
    sys.stdout.flush()
    if os.name == "posix":  # signals then reach the demo and nobody else
        os.execve(command[0], command, environment())
    return subprocess.call(command, env=environment())


def test(args: list[str]) -> int:
    """Run every check in order, types beside the tests; stop at the first that fails and return its exit code."""
    first = [["ruff", "format", "--check", "."], ["ruff", "check", "."], ["lint-imports"]]
    types, tests = ["mypy"], ["pytest", *PROCESSES, *args]
    for number, step in enumerate(first, start=1):
        say(f"[{number}/5] {' '.join(step)}")
        code = quietly([tool(step[0]), *step[1:]])
        if code:
            return failed(step, code)
    say(f"[4/5] {' '.join(types)}, and beside it [5/5] {' '.join(tests)}")
    with subprocess.Popen([tool(tests[0]), *tests[1:]], cwd=str(ROOT), env=environment()) as running:
        found = [(types, quietly([tool(types[0])])), (tests, running.wait())]
    for step, code in found:
        if code:
            return failed(step, code)
    return 0


def failed(step: list[str], code: int) -> int:
    """Say that a check failed, and return the exit code that says so."""
    print(f"dev.py: {' '.join(step)} failed (exit code {code})", file=sys.stderr)
    return code if code > 0 else 1


def prepare(locks: tuple[str, ...]) -> None:
    """Make sure that `.venv` holds one of `locks` (if none, the first is installed) and the project."""
    if not venv_is_usable():
        create_venv()
    STAMPS.mkdir(exist_ok=True)
    HOME_STAMP.write_text(str(ROOT), encoding="utf-8")
    if not any(is_installed(lock) for lock in locks):
        install_lock(locks[0])
    if not is_installed(PROJECT):
        say("installing fancy-trader itself")
        pip("install", "--no-deps", "--no-build-isolation", "-e", str(ROOT))
        stamp(PROJECT)


def install_lock(lock: str) -> None:
    """Install a lock; the stamps of both locks go first, so that an install cut short is done again."""
    for name in LOCKS:
        stamp_path(name).unlink(missing_ok=True)
    say(f"installing {lock} (the first time takes a minute or two)")
    pip("install", "--require-hashes", "-r", str(ROOT / lock))
    stamp(lock)


def venv_is_usable() -> bool:
    """Whether `.venv` has a supported Python and pip, made for this folder (scripts hold its path)."""
    python = Path(tool("python"))
    if not python.exists() or (HOME_STAMP.exists() and HOME_STAMP.read_text(encoding="utf-8") != str(ROOT)):
        return False
    version, has_pip = probe(str(python), "pip")
    return version in SUPPORTED and has_pip


def create_venv() -> None:
    """Make `.venv` anew with the first supported Python that can."""
    python = find_python()
    say(f"creating .venv with {python}")
    set_up([python, "-m", "venv", "--clear", str(VENV)])


def find_python() -> str:
    """Return this Python if it will do, else the first on PATH that runs (a version manager's may not)."""
    on_path = [Path(folder) / f"python{v}{SUFFIX}" for v in SUPPORTED for folder in os.get_exec_path()]
    without_venv = ""
    for candidate in [Path(sys.executable), *on_path]:
        if VENV in candidate.parents or not candidate.exists():
            continue
        version, has_ensurepip = probe(str(candidate), "ensurepip")
        if version in SUPPORTED and has_ensurepip:
            return str(candidate)
        if version in SUPPORTED:
            without_venv = without_venv or version
    if without_venv:
        msg = (
            f"Python {without_venv} here cannot make virtual environments; "
            f"on Debian or Ubuntu: apt-get install python{without_venv}-venv"
        )
        raise SetupError(msg)
    here = ".".join(str(part) for part in sys.version_info[:2])
    msg = f"needs Python 3.11 or 3.12; this is {here}, and PATH holds neither python3.12 nor python3.11"
    raise SetupError(msg)


def probe(python: str, module: str) -> tuple[str, bool]:
    """Return an interpreter's version ("3.12") and whether it has a module; ("", False) if it fails."""
    try:
        out = subprocess.run(
            [python, "-c", PROBE, module],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            check=False,
        ).stdout.decode()
    except OSError:
        return "", False
    words = out.split()
    return (words[0], words[1] == "True") if len(words) == 2 else ("", False)


def pip(*args: str) -> None:
    """Run the environment's pip: silent unless it fails."""
    set_up([tool("python"), "-m", "pip", "--disable-pip-version-check", "--no-input", *args])


def set_up(command: list[str]) -> None:
    """Run a command without which nothing else can run."""
    code = quietly(command)
    if code:
        msg = f"set-up failed (exit code {code}): {' '.join(command)}"
        raise SetupError(msg)


def quietly(command: list[str]) -> int:
    """Run a command, show what it said only when it fails, and return its exit code."""
    done = subprocess.run(
        command,
        cwd=str(ROOT),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        say(done.stdout.decode(errors="replace").rstrip())
    return done.returncode


def environment() -> dict[str, str]:
    """Return the caller's environment, with `.venv` first and nothing that sends Python or pip elsewhere.

    What is compiled is kept: without, each of the many processes of a test run compiles every module anew.
    """
    dropped = (
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHOME",
        "PYTHONPATH",
        "PIP_USER",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_ROOT",
        "__PYVENV_LAUNCHER__",
    )
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    path = os.pathsep.join([str(BIN), *os.get_exec_path()])
    return {**kept, "PATH": path, "VIRTUAL_ENV": str(VENV)}


def tool(name: str) -> str:
    """Return the path of a program in `.venv`."""
    return str(BIN / (name + SUFFIX))


def is_installed(name: str) -> bool:
    """Whether the stamp of a file says that this very content is installed."""
    path = stamp_path(name)
    return path.exists() and path.read_text(encoding="utf-8") == fingerprint(name)


def stamp(name: str) -> None:
    """Remember that the present content of a file is installed."""
    STAMPS.mkdir(exist_ok=True)
    stamp_path(name).write_text(fingerprint(name), encoding="utf-8")


def stamp_path(name: str) -> Path:
    """Return where the stamp of a file is kept."""
    return STAMPS / name


def fingerprint(name: str) -> str:
    """Return the SHA-256 of a file at the root."""
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def say(line: str) -> None:
    """Print a line at once, so that it stands before the output of the next program."""
    print(line, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
