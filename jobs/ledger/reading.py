"""Redis' strings into views: the one place that knows how a hash is spelled."""

import json
from collections.abc import Mapping, Sequence

from jobs.ledger.views import JobView, Trouble, WebhookView, WorkerView
from jobs.state import Lane, State


def job_view(
    job: str,
    fields: Mapping[str, str],
    causes: Mapping[str, str],
    leases: Sequence[str],
    retry: Sequence[str],
) -> JobView:
    """A job from its hash, causes, leases (JSON) and retry ranges ("start stop flags attempt")."""
    ranges = [member.split() for member in retry]
    leased = sum(stop - start for start, stop in map(lease_range, leases))
    unsettled = int(fields["total"]) - int(fields["settled"]) - int(fields["refused"])
    return JobView(
        id=job,
        caller=fields["caller"],
        name=fields["name"],
        state=State(fields["state"]),
        reason=fields["reason"],
        lane=Lane(fields["lane"]),
        models=tuple(fields["models"].split()),
        spec_hash=fields["spec_hash"],
        results_uri=fields["results_uri"],
        count=int(fields["count"]),
        total=int(fields["total"]),
        cursor=int(fields["cursor"]),
        settled=int(fields["settled"]),
        refused=int(fields["refused"]),
        leased=leased,
        # A wide range (flag w) holds what is open of it, which nobody has counted: no more than is open altogether.
        waiting=min(sum(int(stop) - int(start) for start, stop, *_ in ranges), max(0, unsettled - leased)),
        created_at=float(fields["created"]),
        started_at=float(fields["started"]),
        finished_at=float(fields["finished"]),
        written=fields["written"] == "1",
        budget_images=int(said) if (said := fields.get("budget_images")) else None,
        budget_gpu_seconds=float(said) if (said := fields.get("budget_gpu")) else None,
        gpu_seconds=float(fields.get("used_gpu") or 0),
        webhook=_webhook(fields),
        linked=int(fields.get("linked") or 0),
        stars=int(fields.get("star") or 0),
        rejects=int(fields.get("reject") or 0),
        labels=json.loads(fields.get("labels") or "{}"),
        causes={code: int(count) for code, count in causes.items()},
    )


def lease_range(text: str) -> tuple[int, int]:
    """What a lease (JSON) covers: `start <= index < stop`."""
    lease = json.loads(text)
    return int(lease["a"]), int(lease["z"])


def _webhook(fields: Mapping[str, str]) -> WebhookView | None:
    if not (url := fields.get("webhook")):
        return None
    told = fields.get("hook_state", "waiting")
    return WebhookView(url, told, int(fields.get("hook_attempts") or 0), fields.get("hook_said", ""))


def worker_view(worker: str, seen_at: float, fields: Mapping[str, str], *, drained: bool) -> WorkerView:
    """A worker from its announcement."""
    return WorkerView(
        id=worker,
        device=fields["device"],
        backend=fields["backend"],
        models=tuple(fields["models"].split()),
        slots=int(fields["slots"]),
        busy=int(fields["busy"]),
        seen_at=seen_at,
        rendered=int(fields["rendered"]),
        drained=drained,
        device_name=fields.get("device_name", ""),
        memory_used=int(fields.get("memory_used") or 0),
        memory_limit=int(fields.get("memory_limit") or 0),
        per_minute=float(fields.get("per_minute") or 0),
        trouble=Trouble(**json.loads(said)) if (said := fields.get("trouble")) else None,
        queue=fields.get("queue") or f"render.{fields['backend']}",  # none: it was started before an upgrade
        loading=tuple((alias, size) for alias, size in json.loads(fields.get("loading") or "[]")),
    )
