"""What a job is: everything that the doors (`api`) and the hands (`worker`) must agree on.

A module enters this package only if both sides need it. The modules at the top are pure (standard library and
pydantic); whatever touches the world lives in a sub-room with one owner for its library: `ledger` (redis),
`storage` (boto3), `broker` (celery), `telemetry` (structlog).

One word, one meaning, in code, API, CLI and docs alike:

=============  =======================================================================================
word           meaning
=============  =======================================================================================
job            what a user asked for: init images × sweep × settings; immutable once accepted
sweep, axis    the lazily indexable product; an axis is one or several fields that move together
variant        element *i* of the sweep: everything needed to make one image
chunk          a half-open range of variant indexes: what one lease covers
ticket         a Celery message: leave to ask the ledger for the best chunk
lease          the right to work on a chunk until a deadline, with a fencing token (its *fence*)
order          a variant with its decoded init image: what a backend receives
row            an order inside the engine: latents, its own sampler state, its step
outcome        `Rendered` or `Refused`: what a backend gives back for one order
settle         to record an outcome, exactly once
event          a fact already written to the ledger, in order, with an id
ledger         job state in Redis
duty           work about a whole job that any worker may do: planning it, finishing it
storage        bytes by URI (S3, files)
backend        who makes the picture: `local` (diffusers engine) or `remote` (Stability gRPC)
door, desk     a way in (HTTP, gRPC, CLI); what every door can ask for
caller         whose job it is; from the first day every job has one
=============  =======================================================================================
"""

__version__ = "0.1.0"
