"""The front page: what answers here, for somebody who opened the port in a browser."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>pentimento</title>
<h1>pentimento</h1>
<p>Repaints pictures by prompt, in bulk, unattended. This is its HTTP API.</p>
<ul>
<li><a href="/docs">Documentation</a>, with examples; <a href="/openapi.json">OpenAPI</a></li>
<li><a href="/v1/schema">JSON Schema of a job spec</a></li>
<li><a href="/v1/jobs">Jobs</a>, <a href="/v1/workers">workers</a>, <a href="/v1/models">models</a></li>
<li><a href="/readyz">Readiness</a></li>
</ul>
</html>
"""
_HEADERS = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}


@router.get("/", response_class=HTMLResponse)
async def front() -> HTMLResponse:
    """A page without scripts or styles."""
    return HTMLResponse(_PAGE, headers=_HEADERS)
