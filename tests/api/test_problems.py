"""Every error has one answer, in one shape."""

from collections.abc import Iterator

import httpx
import pytest
from starlette.testclient import TestClient

from api.desk import Desk
from api.web.app import create_app
from api.web.problems import STATUS, ProblemBody
from jobs.errors import InvalidSpec, PentimentoError, Problem
from jobs.settings import Settings


def _tree(root: type[PentimentoError] = PentimentoError) -> Iterator[type[PentimentoError]]:
    if root.__module__ == "jobs.errors":
        yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def _error(kind: type[PentimentoError]) -> PentimentoError:
    if kind is InvalidSpec:
        return InvalidSpec([Problem("steps", "too many", "9", "Take fewer.", 3)], source="it")
    return kind("what went wrong", remedy="What to do.")


def test_every_error_of_the_tree_has_a_status_of_its_own() -> None:
    assert set(STATUS) == set(_tree())


@pytest.mark.parametrize("kind", list(_tree()), ids=lambda kind: kind.__name__)
def test_every_error_is_a_problem_with_its_code_and_remedy(settings: Settings, kind: type[PentimentoError]) -> None:
    app = create_app(Desk.open(settings))

    @app.get("/raise")
    def fail() -> None:
        raise _error(kind)

    answer = TestClient(app).get("/raise")

    assert answer.status_code == STATUS[kind]
    assert answer.headers["content-type"] == "application/problem+json"
    body = ProblemBody.model_validate(answer.json())
    assert (body.code, body.status) == (kind.code, STATUS[kind])
    assert body.detail == str(_error(kind))
    assert body.remedy == _error(kind).remedy
    assert [item.line for item in body.problems] == ([3] if kind is InvalidSpec else [])


def test_what_nobody_foresaw_tells_nothing_of_the_inside(settings: Settings) -> None:
    app = create_app(Desk.open(settings))

    @app.get("/raise")
    def fail() -> None:
        raise RuntimeError("the password is swordfish")

    answer = TestClient(app, raise_server_exceptions=False).get("/raise")

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert "swordfish" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/v1/jobs/", 404, "not_found"),
        ("DELETE", "/v1/jobs", 405, "method_not_allowed"),
        ("GET", "/v1/jobs?limit=x", 422, "invalid_call"),
    ],
)
def test_the_frameworks_own_errors_have_the_same_shape(
    http: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    answer = http.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


def test_an_address_where_nothing_is_says_so_and_where_to_look(http: httpx.Client) -> None:
    problem = http.get("/v1/jobz").json()

    assert problem["detail"] == "nothing is at '/v1/jobz'"
    assert problem["remedy"] == "/docs shows every route."


def test_every_route_documents_its_problems_and_its_answers(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()

    assert document["components"]["schemas"]["JobSpec"]["properties"]["strength"]
    submit = document["paths"]["/v1/jobs"]["post"]
    assert {"application/json", "application/yaml"} <= submit["requestBody"]["content"].keys()
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            assert route["summary"], path
            for status, answer in route["responses"].items():
                if int(status) >= 400 and path != "/readyz":
                    assert "application/problem+json" in answer["content"], (path, method, status)
