"""The contract: the document in the repository is the one that the server gives, and it says what users need."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from api.app import create_app
from api.contract import differences
from api.document import operations_of, text_of
from api.settings import ApiSettings
from flows.cli import run

FILE = Path(__file__).parents[2] / "api" / "openapi.json"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    """The document of an app."""
    found: Json = create_app(ApiSettings("sqlite://")).openapi()
    return found


def test_the_document_in_the_repository_is_the_servers(document: Json) -> None:
    """A change is announced by writing the file anew; what breaks users stands first and is called so."""
    older = json.loads(FILE.read_text())
    found = [str(each) for each in differences(older, json.loads(text_of(document)))]
    assert not found, "\n".join(["announce it: fancy-trader openapi api/openapi.json", *found[:30]])
    assert FILE.read_text() == text_of(document)


def test_every_operation_says_what_it_is_and_how_it_fails(document: Json) -> None:
    named = {tag["name"] for tag in document["tags"]}
    seen = set()
    for path, method, operation in operations_of(document):
        assert operation["summary"], path
        assert operation["description"], path
        assert len(operation["tags"]) == 1, path
        assert set(operation["tags"]) <= named, path
        assert operation["operationId"] not in seen
        seen.add(operation["operationId"])
        wanted = {"500"} if path == "/healthz" else {"500", "429"}
        wanted |= {"401", "403"} if "security" in operation else set()
        wanted |= {"400", "408", "413"} if "requestBody" in operation else set()
        assert wanted <= operation["responses"].keys(), (method, path)
        for status, response in operation["responses"].items():
            if status >= "400":
                name = response["$ref"].rpartition("/")[2]
                content = document["components"]["responses"][name]["content"]
                assert list(content) == ["application/problem+json"]


def test_every_example_is_allowed_by_its_schema(document: Json) -> None:
    """And every parameter, body and answer has one."""
    count = 0
    for where, schema, example in _examples(document):
        try:
            jsonschema_rs.validate({**schema, "components": document["components"]}, example)
        except jsonschema_rs.ValidationError as error:
            pytest.fail(f"{where}: {error.message}")
        assert "text" not in json.dumps(example).replace('"', " ").split(), f"{where}: a field without an example"
        count += 1
    assert count > 100


def _examples(document: Json) -> Iterator[tuple[str, Json, Any]]:
    shared = [(name, each) for name, each in document["components"]["responses"].items()]
    for path, method, operation in operations_of(document):
        where = f"{method} {path}"
        for each in operation.get("parameters", ()):
            yield f"{where} {each['name']}", each["schema"], each["example"]
        shared.append((f"{where} body", operation.get("requestBody", {})))
        shared += [(f"{where} {status}", each) for status, each in operation["responses"].items()]
    for where, response in shared:
        for content in response.get("content", {}).values():
            yield where, content.get("schema", content.get("itemSchema")), content["example"]


def schema_of(document: Json, name: str) -> Json:
    """A component."""
    found: Json = document["components"]["schemas"][name]
    return found


def parameter(document: Json, path: str, name: str) -> Json:
    """A parameter of a GET."""
    return next(each for each in document["paths"][path]["get"]["parameters"] if each["name"] == name)


PLANS = "/api/v1/plans"
BREAKING: dict[str, tuple[Callable[[Json], Any], str]] = {
    "a path goes": (lambda d: d["paths"].pop("/healthz"), "BREAKING GET /healthz: is gone"),
    "a method goes": (lambda d: d["paths"][PLANS].pop("post"), "BREAKING POST /api/v1/plans: is gone"),
    "a parameter goes": (
        lambda d: d["paths"][PLANS]["get"]["parameters"].remove(parameter(d, PLANS, "phase")),
        "BREAKING GET /api/v1/plans query parameter phase: is gone",
    ),
    "a parameter must be given": (
        lambda d: parameter(d, PLANS, "symbol").update(required=True),
        "BREAKING GET /api/v1/plans query parameter symbol: must be given now",
    ),
    "a new parameter must be given": (
        lambda d: d["paths"][PLANS]["get"]["parameters"].append(
            {"name": "desk", "in": "query", "required": True, "schema": {"type": "string"}}
        ),
        "BREAKING GET /api/v1/plans query parameter desk: must be given now",
    ),
    "a value is refused": (
        lambda d: schema_of(d, "Style")["enum"].remove("leap"),
        "BREAKING GET /api/v1/plans query parameter style: may be leap no more",
    ),
    "a number is narrowed": (
        lambda d: schema_of(d, "ScanBody")["properties"]["limit"].update(maximum=10),
        "BREAKING POST /gpt/scan body.limit: maximum 100.0 no more",
    ),
    "a type is refused": (
        lambda d: schema_of(d, "ScanBody")["properties"]["symbols"]["anyOf"].pop(),
        "BREAKING POST /gpt/scan body.symbols: may be null no more",
    ),
    "a field must be given": (
        lambda d: schema_of(d, "ScanBody").update(required=["style"]),
        "BREAKING POST /gpt/scan body.style: must be given now",
    ),
    "a field is refused": (
        lambda d: schema_of(d, "ScanBody")["properties"].pop("limit"),
        "BREAKING POST /gpt/scan body.limit: is gone",
    ),
    "an answer's field goes": (
        lambda d: schema_of(d, "PlanOut")["properties"].pop("phase"),
        "BREAKING GET /api/v1/plans 200.plans[].phase: is gone",
    ),
    "an answer's field may be missing": (
        lambda d: schema_of(d, "PlanOut")["required"].remove("phase"),
        "BREAKING GET /api/v1/plans 200.plans[].phase: may be left out now",
    ),
    "an answer's field may be of another type": (
        lambda d: schema_of(d, "PlanOut")["properties"]["version"].update(type="string"),
        "BREAKING GET /api/v1/plans 200.plans[].version: may be string now",
    ),
    "an answer may be another word": (
        lambda d: schema_of(d, "Phase")["enum"].append("resting"),
        "BREAKING GET /api/v1/plans 200.plans[].phase: may be resting now",
    ),
    "a status goes": (
        lambda d: d["paths"][PLANS]["get"]["responses"].pop("304"),
        "BREAKING GET /api/v1/plans 304: is gone",
    ),
    "a header goes": (
        lambda d: d["paths"][PLANS]["get"]["responses"]["200"]["headers"].pop("ETag"),
        "BREAKING GET /api/v1/plans 200 header ETag: is gone",
    ),
    "a media type goes": (
        lambda d: d["components"]["responses"]["Problem404"]["content"].clear(),
        "BREAKING GET /api/v1/plans 404 application/problem+json: is gone",
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_users_is_named_first(document: Json, name: str) -> None:
    change, said = BREAKING[name]
    newer = copy.deepcopy(document)
    change(newer)
    found = [str(each) for each in differences(document, newer)]
    breaking = [line for line in found if line.startswith("BREAKING")]
    assert said in breaking
    assert found[: len(breaking)] == breaking


HARMLESS: dict[str, Callable[[Json], Any]] = {
    "a path comes": lambda d: d["paths"].update({"/new": d["paths"]["/healthz"]}),
    "a text changes": lambda d: d["info"].update(description="other words"),
    "a parameter comes": lambda d: d["paths"][PLANS]["get"]["parameters"].append(
        {"name": "desk", "in": "query", "required": False, "schema": {"type": "string"}}
    ),
    "an answer's field comes": lambda d: schema_of(d, "PlanOut")["properties"].update(desk={"type": "string"}),
    "a body may hold more": lambda d: schema_of(d, "ScanBody")["properties"].update(desk={"type": "string"}),
    "a number is widened": lambda d: schema_of(d, "ScanBody")["properties"]["limit"].update(maximum=1000),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_breaks_nobody_is_a_difference_all_the_same(document: Json, name: str) -> None:
    newer = copy.deepcopy(document)
    HARMLESS[name](newer)
    found = [str(each) for each in differences(document, newer)]
    assert found
    assert not [line for line in found if line.startswith("BREAKING")]


def test_the_command_writes_the_document_and_holds_it_against_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], document: Json
) -> None:
    file = tmp_path / "openapi.json"
    assert run(["openapi", str(file)]) == 0
    assert file.read_text() == text_of(document)
    assert run(["openapi", str(file), "--check"]) == 0
    older = copy.deepcopy(document)
    older["paths"]["/gone"] = older["paths"]["/healthz"]
    file.write_text(text_of(older))
    capsys.readouterr()
    assert run(["openapi", str(file), "--check"]) == 4
    assert capsys.readouterr().out.splitlines()[0] == "BREAKING GET /gone: is gone"
    file.write_text("[]")
    assert run(["openapi", str(file), "--check"]) == 2
    assert run(["openapi", "--check"]) == 2
    capsys.readouterr()
    assert run(["openapi", str(tmp_path / "none.json"), "--check"]) == 3
    assert capsys.readouterr().err == f"fancy-trader: {tmp_path}/none.json: no such file\n"
    assert run(["openapi", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"fancy-trader: {tmp_path}: cannot be written (Is a directory)\n"
