"""Headers, methods, cursors and ids that strangers send to the API."""

import httpx

from tests.safety.world import Row, World

NOBODYS = "01k8q4zj6m0v3n7x2b5c9d1f8g"


def _call(world: World, method: str, path: str, **headers: str) -> httpx.Response:
    return world.http.request(method, path, headers={name.replace("_", "-"): said for name, said in headers.items()})


def _keyed(world: World, key: bytes) -> httpx.Response:
    body = {"images": ["https://example.org/a.png"], "model": "tiny", "prompt": "a"}
    return world.http.post("/v1/jobs", json=body, headers=[(b"idempotency-key", key)])


def _reused(world: World) -> httpx.Response:
    for prompt in ("first", "second"):
        body = {"images": ["https://example.org/a.png"], "model": "tiny", "prompt": prompt}
        answer = world.http.post("/v1/jobs", json=body, headers={"idempotency-key": "the-same"})
    return answer


CALLS: dict[str, tuple[str, str, str]] = {
    "a job of nobody": ("GET", f"/v1/jobs/{NOBODYS}", "not_found"),
    "a job that is a path": ("GET", "/v1/jobs/..%2f..%2fetc%2fpasswd", "not_found"),
    "a job of a NUL": ("GET", "/v1/jobs/%00", "not_found"),
    "a job of 8,000 letters": ("GET", f"/v1/jobs/{'a' * 8000}", "not_found"),
    "a job of letters that are none": ("GET", "/v1/jobs/%ff%fe", "not_found"),
    "the manifest of nobody's job": ("GET", f"/v1/jobs/{NOBODYS}/manifest", "not_found"),
    "the results of nobody's job": ("GET", f"/v1/jobs/{NOBODYS}/results", "not_found"),
    "the events of nobody's job": ("GET", f"/v1/jobs/{NOBODYS}/events", "not_found"),
    "the sheet of nobody's job": ("GET", f"/v1/jobs/{NOBODYS}/sheet", "not_found"),
    "cancelling nobody's job": ("POST", f"/v1/jobs/{NOBODYS}/cancel", "not_found"),
    "pausing nobody's job": ("POST", f"/v1/jobs/{NOBODYS}/pause", "not_found"),
    "retrying nobody's job": ("POST", f"/v1/jobs/{NOBODYS}/retry", "not_found"),
    "a negative page": ("GET", "/v1/jobs?limit=-1", "invalid_call"),
    "a page of 10⁹": ("GET", "/v1/jobs?limit=1000000000", "invalid_call"),
    "a page of NaN": ("GET", "/v1/jobs?limit=NaN", "invalid_call"),
    "a forged cursor": ("GET", "/v1/jobs?cursor=%2e%2e%2f", "not_found"),
    "a cursor of another's job": ("GET", f"/v1/jobs?cursor={NOBODYS}", "not_found"),
    "a state of one's own": ("GET", "/v1/jobs?state=root", "invalid_call"),
    "a variant below 0": ("GET", f"/v1/jobs/{NOBODYS}/why?index=-1", "invalid_call"),
    "a path of one's own": ("GET", "/v1/../../etc/passwd", "not_found"),
    "an escaped path": ("GET", "/v1/%2e%2e/%2e%2e/etc/passwd", "not_found"),
    "DELETE of all jobs": ("DELETE", "/v1/jobs", "method_not_allowed"),
    "PUT of a job": ("PUT", f"/v1/jobs/{NOBODYS}", "method_not_allowed"),
    "TRACE": ("TRACE", "/v1/jobs", "method_not_allowed"),
    "a method of one's own": ("EVIL", "/v1/jobs", "method_not_allowed"),
}
ROWS = [
    *(Row(f"call: {name}", code, lambda world, method=method, path=path: _call(world, method, path))  # type: ignore[misc]
      for name, (method, path, code) in CALLS.items()),
    Row("call: an override of the method", "not_found",
        lambda world: _call(world, "GET", f"/v1/jobs/{NOBODYS}", x_http_method_override="DELETE")),
    Row("call: a recovery that goes on from control characters", "invalid_spec",
        lambda world: world.http.post("/v1/recover", json={"cursor": "\0\x9f\U000e0678"})),
    Row("header: an idempotency key of 256 letters", "invalid_spec", lambda world: _keyed(world, b"k" * 256)),
    Row("header: an idempotency key of spaces", "invalid_spec", lambda world: _keyed(world, b"a b")),
    Row("header: an idempotency key of bytes", "invalid_spec", lambda world: _keyed(world, b"\xff\xfe")),
    Row("header: an idempotency key used for another body", "conflict", _reused),
    Row("header: a page of another site that changes something", "forbidden",
        lambda world: _call(world, "POST", f"/v1/jobs/{NOBODYS}/cancel", sec_fetch_site="cross-site")),
]  # fmt: skip
