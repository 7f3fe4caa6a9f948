"""Reads what a document says besides its pictures: where results go, how the job is run, what it is labelled."""

import re
from typing import cast, get_args

from jobs.errors import ForbiddenUri
from jobs.ids import is_job_id
from jobs.spec.model import DEFAULT_NAME, Budget, Format, OutputSpec, RunSpec
from jobs.spec.problems import Path, Problems
from jobs.state import Lane
from jobs.uris import WebUri, parse, parse_file, parse_s3

BACKEND = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SHARE = re.compile(r"(100(\.0{1,3})?|[0-9]{1,2}(\.[0-9]{1,3})?)%")


def read_output(problems: Problems, value: object, path: Path) -> OutputSpec:
    """Where results go; the name template is checked with the rest of the sweep."""
    if value is None:
        return OutputSpec()
    output = problems.mapping(value, path, what="output")
    problems.unknown(output, ("uri", "name", "format", "sheet"), path)
    name = output.get("name", DEFAULT_NAME)
    name = problems.text(name, (*path, "name"), limit=300, what="the name template")
    kind = output.get("format", "png")
    if kind not in get_args(Format):
        remedy = f"Use {', '.join(get_args(Format))}"
        problems.add((*path, "format"), "is no format of ours", value=kind, remedy=remedy)
        kind = "png"
    sheet = output.get("sheet", True)
    if not isinstance(sheet, bool):
        problems.add((*path, "sheet"), "must be true or false", value=sheet)
    return OutputSpec(
        _output_uri(problems, output.get("uri"), (*path, "uri")),
        DEFAULT_NAME if name is None else name,
        cast("Format", kind),
        bool(sheet),
    )


def _output_uri(problems: Problems, value: object, path: Path) -> str:
    if value is None:
        return ""
    uri = problems.text(value, path, limit=1000, what="a URI")
    if uri is None:
        return ""
    plain = uri.replace("{job}", "job")
    try:
        parse_file(plain, folder=True) if plain.startswith("file:") else parse_s3(plain, folder=True)
    except ForbiddenUri as refused:
        problems.add(path, str(refused), remedy=refused.remedy)
        return ""
    if not re.fullmatch(r"[A-Za-z0-9._/:-]*", plain):
        remedy = "Use A-Z, a-z, 0-9, '.', '_', '-', '/' and {job}"
        problems.add(path, "holds a character that is not safe in a key", value=uri, remedy=remedy)
    return uri


def read_run(problems: Problems, value: object, path: Path) -> RunSpec:
    """How the job is run."""
    if value is None:
        return RunSpec()
    run = problems.mapping(value, path, what="run")
    problems.unknown(run, ("priority", "max_failures", "backend", "confirm_above"), path)
    priority = run.get("priority", Lane.NORMAL.value)
    if priority not in list(Lane):
        remedy = problems.hint(str(priority)[:64], [lane.value for lane in Lane])
        problems.add((*path, "priority"), "is no priority", value=priority, remedy=remedy)
        priority = Lane.NORMAL
    backend = run.get("backend")
    if backend is not None and not (isinstance(backend, str) and BACKEND.fullmatch(backend)):
        remedy = "Use local, the name of a remote as `pentimento workers` lists it, or leave it out"
        problems.add((*path, "backend"), "is no backend", value=backend, remedy=remedy)
    most = run.get("confirm_above")
    if most is not None and not (isinstance(most, int) and not isinstance(most, bool) and 0 <= most <= 1 << 40):
        problems.add((*path, "confirm_above"), "must be a whole number of pictures from 0 on", value=most)
        most = None
    failures = _failures(problems, run.get("max_failures"), path)
    return RunSpec(Lane(str(priority)), failures, str(backend or ""), confirm_above=most)


def _failures(problems: Problems, value: object, path: Path) -> int | str | None:
    if value is None or (isinstance(value, str) and _SHARE.fullmatch(value)):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1 << 32:
        return value
    problems.add((*path, "max_failures"), 'must be a count, or a share such as "1%"', value=value)
    return None


def read_budget(problems: Problems, value: object, path: Path) -> Budget:
    """What the job may use before it pauses."""
    if value is None:
        return Budget()
    budget = problems.mapping(value, path, what="budget")
    problems.unknown(budget, ("images", "gpu_seconds"), path)
    images, seconds = budget.get("images"), budget.get("gpu_seconds")
    if images is not None and not (isinstance(images, int) and not isinstance(images, bool) and 1 <= images <= 1 << 40):
        problems.add((*path, "images"), "must be a whole number of pictures from 1 on", value=images)
        images = None
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if seconds is not None and not (number and 0 < float(str(seconds)) <= 1e12):
        problems.add((*path, "gpu_seconds"), "must be a number of seconds above 0", value=seconds)
        seconds = None
    return Budget(images, None if seconds is None else float(str(seconds)))


def read_webhook(problems: Problems, value: object, path: Path) -> str:
    """Where the end of the job is told; whether we may go there is checked when we do."""
    if value is None:
        return ""
    uri = problems.text(value, path, limit=2000, what="a URL")
    if uri is None:
        return ""
    try:
        found = parse(uri)
    except ForbiddenUri as refused:
        problems.add(path, str(refused), remedy=refused.remedy)
        return ""
    if not isinstance(found, WebUri):
        problems.add(path, "is not an http or https URL", value=uri, remedy="Use https://host/path")
        return ""
    return uri


def read_extends(problems: Problems, value: object, path: Path) -> str:
    """The job that this one grows from; whether the caller has it is asked when it is submitted."""
    if value is None:
        return ""
    if not isinstance(value, str) or not is_job_id(value):
        remedy = "Write an id as `pentimento jobs` shows it"
        remedy += "; `latest` is for the command line: submit --extends latest" if value == "latest" else ""
        problems.add(path, "is no job's id", value=value, remedy=remedy)
        return ""
    return value


def read_labels(problems: Problems, value: object, path: Path) -> dict[str, str]:
    """At most 64 labels: short keys, short texts."""
    labels = problems.mapping(value, path, what="labels")
    if len(labels) > 64:
        problems.add(path, f"has {len(labels)} labels, at most 64 are taken")
        return {}
    read: dict[str, str] = {}
    for key, item in labels.items():
        text = problems.text(item, (*path, key), limit=256, what="a label")
        if text is not None and problems.text(key, (*path, key), limit=63, what="a label's key") is not None:
            read[key] = text
    return read
