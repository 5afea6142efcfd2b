"""The house rules: locks, licence, changelog, README and the weight of an import."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import sqlalchemy as sa

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ["requirements.lock", "requirements-test.lock"]
PACKAGES = ["flows", "operators", "sinks", "api"]
HEAVY = ["polars", "numpy", "pandas", "sqlalchemy", "bytewax", "pydantic", "typer", "rich"]


def requirements(lock: str) -> dict[str, str]:
    """Each requirement of a lock, with its marker, and its hashes."""
    logical_lines = (ROOT / lock).read_text().replace("\\\n", " ").splitlines()
    return {line.partition("--hash")[0].strip(): line.partition("--hash")[2] for line in logical_lines}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    """Where packages come from is the machine's choice."""
    assert "://" not in (ROOT / lock).read_text()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_of_a_lock_is_pinned_and_hashed(lock: str) -> None:
    assert requirements(lock)
    for requirement, hashes in requirements(lock).items():
        assert re.match(r"[a-z0-9-]+==[^ ]+( ;|$)", requirement)
        assert re.match(r"=sha256:[0-9a-f]{64}\b", hashes), requirement


def test_the_test_lock_holds_everything_of_the_runtime_lock() -> None:
    """So an environment made for the tests serves the demo as well."""
    runtime, everything = (requirements(lock) for lock in LOCKS)
    assert runtime.items() <= everything.items()


@pytest.mark.parametrize("extra", [None, "test"])
def test_every_declared_dependency_is_locked(extra: str | None) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["optional-dependencies"][extra] if extra else project["dependencies"]
    locked = {name.partition("==")[0] for name in requirements(LOCKS[bool(extra)])}
    assert {re.split(r"[\[<>=]", name)[0] for name in declared} <= locked


@pytest.mark.parametrize("name", ["CHANGELOG.md", "LICENSE"])
def test_a_file_that_every_release_needs_is_there(name: str) -> None:
    assert (ROOT / name).read_text().strip()


def test_the_readme_names_the_two_commands_and_no_third() -> None:
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("no README.md yet")
    assert set(re.findall(r"python3? dev\.py \w+", readme.read_text())) == {
        "python3 dev.py demo",
        "python3 dev.py test",
    }


def test_ci_runs_the_command_of_the_readme() -> None:
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "python3 dev.py test"


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_imports_nothing_heavy(package: str) -> None:
    """`--help` answers at once because the heavy modules wait for the command that needs them."""
    code = f"import sys, {package}; print(*sorted({set(HEAVY)!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


def test_a_test_database_is_real_and_empty(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        assert sa.inspect(connection).get_table_names() == []
        connection.execute(sa.text("CREATE TABLE left_behind (id INTEGER)"))
    engine.dispose()


def test_no_test_database_inherits_from_another(database_url: str) -> None:
    """Together with the test above, which left a table behind: each test gets a database of its own."""
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
    engine.dispose()
