"""Failures by cause, and the record files by link."""

import httpx

from tests.api.conftest import Hands, accepted


def test_refusals_are_grouped_by_cause_with_an_example_and_where_to_look(http: httpx.Client, hands: Hands) -> None:
    job = accepted(http)
    hands.plan(job)
    hands.render(hands.lease(), refuse=(2, 5, 7))

    (group,) = http.get(f"/v1/jobs/{job}/failures").raise_for_status().json()["failures"]

    assert (group["code"], group["count"], group["first"]) == ("bad_image", 3, [2, 5, 7])
    assert group["message"] == "no picture"
    assert group["blame"] == "caller"


def test_a_job_without_refusals_has_no_failures_and_another_callers_job_none_to_show(http: httpx.Client) -> None:
    job = accepted(http)

    assert http.get(f"/v1/jobs/{job}/failures").json() == {"failures": []}
    assert http.get("/v1/jobs/01k8q4zj6m0v3n7x2b5c9d1f8g/failures").status_code == 404


def test_a_record_file_is_not_there_before_the_job_is_written(http: httpx.Client) -> None:
    job = accepted(http)

    answers = [http.get(f"/v1/jobs/{job}/files/{name}") for name in ("results", "errors", "secrets")]

    assert [answer.status_code for answer in answers] == [404, 404, 422]
