"""Webhooks at the door: refused where nobody could sign them, shown with the job, sent again when asked."""

import httpx

from jobs.settings import Settings
from tests.api.conftest import SPEC, Hands, accepted, running

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMuLi4="
HOOK = "https://receiver.example/hook"


def test_a_webhook_that_nobody_could_sign_is_refused_at_once(http: httpx.Client) -> None:
    answer = http.post("/v1/jobs", json=SPEC | {"webhook": HOOK})

    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert (problem["path"], problem["message"]) == ("webhook", "this deployment signs no webhooks")


def test_a_webhook_is_shown_with_its_job_and_sent_again_when_the_job_is_over(settings: Settings, hands: Hands) -> None:
    signing = Settings.model_validate({**settings.model_dump(), "webhook_secret": SECRET})
    with running(signing) as served, httpx.Client(base_url=served.url, timeout=20, trust_env=False) as http:
        job = accepted(http, webhook=HOOK)
        early = http.post(f"/v1/jobs/{job}/webhook/resend").status_code
        waiting = http.get(f"/v1/jobs/{job}").json()["webhook"]
        http.post(f"/v1/jobs/{job}/cancel")
        duty = hands.leasing.take_duty(hold_seconds=30)
        assert duty is not None
        hands.leasing.duty_done(duty)
        late = http.post(f"/v1/jobs/{job}/webhook/resend")

    assert (early, late.status_code) == (409, 200)
    assert waiting == {"url": HOOK, "state": "waiting", "attempts": 0, "said": ""}
    assert late.json()["webhook"]["state"] == "pending"
    next_duty = hands.leasing.take_duty(hold_seconds=30)
    assert next_duty is not None
    assert str(next_duty) == f"hook {job}"


def test_a_job_without_a_webhook_has_none_to_send(http: httpx.Client) -> None:
    job = accepted(http)
    http.post(f"/v1/jobs/{job}/cancel")

    assert http.post(f"/v1/jobs/{job}/webhook/resend").status_code == 409
    assert http.get(f"/v1/jobs/{job}").json()["webhook"] is None
