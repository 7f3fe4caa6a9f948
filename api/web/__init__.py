"""The HTTP door: FastAPI over the desk, and nothing else; the only room that imports it.

One file a noun (`jobs`, `results`, `grid`, `variants`, `marks`, `events`, `workers`, …). `shapes` says what is
answered, `problems` turns each class of the error tree into problem+json by one table, `bodies` bounds what is read,
`callers` says who calls, `watches` lets many watch one job, from its `relay`. Routes that block are plain functions,
which FastAPI runs in threads; `async def` is for streams only.

What you can rely on:

- a body is bounded while it arrives; nothing is read further once it is too large.
- every error is `application/problem+json`, with a stable `code` and a remedy; an unforeseen one tells nothing of the
  inside.
- POST /v1/jobs with an Idempotency-Key may be sent again at any time: the same body gets the same job.
- the id of an event is the ledger's own: a stream that broke goes on from it and loses nothing.
- cursors are opaque and only go forward.
"""
