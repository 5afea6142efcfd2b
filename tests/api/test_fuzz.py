"""Requests that schemathesis makes from the document; `fancy-trader bench fuzz` makes a thousand for each operation."""

import shutil
from http import HTTPStatus
from pathlib import Path

from starlette.testclient import TestClient

from tests.api.conftest import Demo
from tests.bench.fuzz import fuzzed


def test_no_request_fails_the_server_or_gets_an_answer_that_the_document_does_not_have(
    demo: Demo, tmp_path: Path
) -> None:
    """A few requests for each operation; commands are kept, so the demo's database is copied first."""
    copy = shutil.copy(demo.url.removeprefix("sqlite:///"), tmp_path)
    found = fuzzed(f"sqlite:///{copy}", 2, "--seed", "7", phases="examples,fuzzing")
    assert found["exit"] == 0
    assert len(found["cases"]) >= 26
    assert min(found["cases"].values()) >= 1


def test_a_method_that_a_path_does_not_have_is_told_which_it_has(client: TestClient) -> None:
    """Of all routes with that path, though they stand in two routers."""
    found = client.patch("/api/v1/plans/P1")
    assert found.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert found.headers["allow"] == "DELETE, GET, PUT"
    assert set(client.patch("/openapi.json").headers["allow"].split(", ")) == {"GET", "HEAD"}
