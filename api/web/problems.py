"""Every error as RFC 9457 problem+json, by one table: the same fault has the same answer on every route.

`STATUS` names every class of the error tree (a test checks that none is missing). FastAPI's own validation errors and
HTTP exceptions come out in the same shape; whatever nobody foresaw is a 500 that tells nothing of the inside.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from jobs import errors
from jobs.errors import InvalidSpec, PentimentoError, Problem, QuotaExceeded
from jobs.telemetry.redaction import redact

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[type[PentimentoError], int] = {
    errors.PentimentoError: 500,
    errors.CallersFault: 400,
    errors.InvalidSpec: 422,
    errors.UnknownModel: 422,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.ForbiddenUri: 422,  # the spec names it; 403 would speak of the caller
    errors.ImageNotFound: 422,
    errors.ImageChanged: 409,
    errors.BadImage: 422,
    errors.ForeignObject: 409,
    errors.Unsupported: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.QuotaExceeded: 429,
    errors.RemoteRefused: 422,
    errors.WorldsFault: 503,
    errors.Unreachable: 502,
    errors.StorageUnavailable: 503,
    errors.LedgerUnavailable: 503,
    errors.LedgerUnfit: 503,
    errors.LedgerLost: 503,
    errors.DeviceLost: 503,
    errors.ModelUnavailable: 503,
    errors.RemoteUnavailable: 503,
    errors.BadAnswer: 502,
    errors.RowsFault: 500,  # from here on they belong to one variant of a job; no route raises them
    errors.OutOfMemory: 500,
    errors.BadLatents: 500,
    errors.Filtered: 500,
    errors.Poison: 500,
}

_RETRY_AFTER_SECONDS = 5
_LONGEST_VALUE = 200


class ProblemItem(BaseModel):
    """One thing wrong with what was sent."""

    path: str = Field(description="where, in dots and brackets", examples=["images[2].uri"])
    message: str = Field(description="what is wrong", examples=["unknown field"])
    value: str = Field("", description="the value as short JSON, at most 200 characters", examples=['"strenght"'])
    remedy: str = Field("", description="what to do about it", examples=["did you mean `strength`?"])
    line: int | None = Field(None, description="1-based line of the manifest, null where there is no text")


class ProblemBody(BaseModel):
    """RFC 9457 problem details, with our own `code`, `remedy` and `problems`."""

    type: str = Field(description="a URN for the kind of problem", examples=["urn:pentimento:problem:invalid_spec"])
    title: str = Field(description="the status in words", examples=["Unprocessable Entity"])
    status: int = Field(description="the HTTP status", examples=[422])
    detail: str = Field(description="one sentence: the field or thing, the value, what is wrong with it")
    code: str = Field(description="stable and machine-readable", examples=["invalid_spec"])
    remedy: str = Field("", description="what the reader can do about it")
    limit: int | None = Field(None, description="what the caller may have or ask for, where that is the problem")
    used: int | None = Field(None, description="how much of that there is")
    problems: list[ProblemItem] = Field(default=[], description="all of them at once, for an invalid job spec")


def documented(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The OpenAPI `responses` of a route that asks who calls, and can answer with these problems besides."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in sorted({401, 403, 429, *statuses})
    }


def binary(*media_types: str) -> dict[int | str, dict[str, object]]:
    """The OpenAPI `responses` of a route that answers with bytes of one of these types."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": "The bytes", "content": dict.fromkeys(media_types, schema)}}


def components() -> dict[str, object]:
    """`ProblemBody` and what it refers to, as OpenAPI components."""
    whole = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**whole.pop("$defs", {}), "ProblemBody": whole}


def status_of(error: PentimentoError) -> int:
    """The HTTP status of the nearest class of `error` that the table names."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem."""
    app.add_exception_handler(PentimentoError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid_call)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(Exception, _unforeseen)


def _answer(body: ProblemBody, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(
        body.model_dump(exclude_defaults=True), status_code=body.status, headers=headers, media_type=MEDIA_TYPE
    )


def _body(
    status: int,
    code: str,
    detail: str,
    *,
    remedy: str = "",
    problems: list[ProblemItem] | None = None,
    over: QuotaExceeded | None = None,
) -> ProblemBody:
    detail, remedy = redact(detail), redact(remedy)
    return ProblemBody(
        type=f"urn:pentimento:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        remedy=remedy,
        limit=over.limit if over else None,
        used=over.used if over else None,
        problems=problems or [],
    )


async def _ours(_: Request, error: Exception) -> Response:
    ours = cast("PentimentoError", error)
    status = status_of(ours)
    problems = [problem_item(problem) for problem in ours.problems] if isinstance(ours, InvalidSpec) else []
    headers = {"Retry-After": str(_RETRY_AFTER_SECONDS)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    over = ours if isinstance(ours, QuotaExceeded) else None
    if over:
        headers = {"Retry-After": str(over.retry_after_seconds)}
    if status == HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    return _answer(_body(status, ours.code, str(ours), remedy=ours.remedy, problems=problems, over=over), headers)


def problem_item(problem: Problem) -> ProblemItem:
    """A problem of a spec as the API shows it."""
    return ProblemItem(
        path=problem.path,
        message=redact(problem.message),
        value=redact(problem.value),
        remedy=problem.remedy,
        line=problem.line,
    )


async def _invalid_call(_: Request, error: Exception) -> Response:
    items = [
        ProblemItem(
            path=".".join(str(part) for part in found["loc"]),
            message=found["msg"],
            value=redact(repr(found.get("input"))[:_LONGEST_VALUE]),
        )
        for found in cast("RequestValidationError", error).errors()
    ]
    detail = "; ".join(f"{item.path}: {item.message}" for item in items)
    return _answer(_body(422, "invalid_call", detail, remedy="/docs shows what this route takes.", problems=items))


async def of_http(call: Request, error: Exception) -> Response:
    """A fault that the framework found: no such route, no such method."""
    plain = cast("HTTPException", error)
    phrase = HTTPStatus(plain.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    detail, remedy = plain.detail or phrase, ""
    if plain.status_code == HTTPStatus.NOT_FOUND and detail == phrase:
        detail, remedy = f"nothing is at {ascii(call.url.path)[:_LONGEST_VALUE]}", "/docs shows every route."
    return _answer(_body(plain.status_code, code, detail, remedy=remedy), plain.headers)


async def _unforeseen(_: Request, __: Exception) -> Response:
    # Starlette raises the error again after this answer, so the server's log has the trace; the caller gets none of it.
    return _answer(_body(500, "internal", "Something went wrong inside; the server's log says what."))
