"""Exit codes, one table over the error tree, and how an error reads in a terminal."""

import json
import sys
from collections.abc import Mapping

from jobs import errors
from jobs.errors import InvalidSpec, PentimentoError

OK = 0
NOT_ALL = 1
USAGE = 2
INTERRUPTED = 130

# Tens say whose turn it is: 1x the caller's, 2x wait and try again, 3x a row's; 70 is sysexits' "internal".
EXITS: Mapping[type[PentimentoError], int] = {
    errors.CallersFault: 10,
    errors.InvalidSpec: 11,
    errors.UnknownModel: 12,
    errors.NotFound: 13,
    errors.Conflict: 14,
    errors.TooLarge: 15,
    errors.ForbiddenUri: 16,
    errors.ImageNotFound: 17,
    errors.BadImage: 18,
    errors.ImageChanged: 43,
    errors.ForeignObject: 19,
    errors.WorldsFault: 20,
    errors.Unreachable: 21,
    errors.StorageUnavailable: 22,
    errors.LedgerUnavailable: 23,
    errors.DeviceLost: 29,
    errors.ModelUnavailable: 24,
    errors.RemoteUnavailable: 27,
    errors.BadAnswer: 28,
    errors.LedgerUnfit: 25,
    errors.LedgerLost: 26,
    errors.RowsFault: 30,
    errors.OutOfMemory: 31,
    errors.BadLatents: 32,
    errors.Filtered: 34,
    errors.Poison: 33,
    errors.Unsupported: 40,
    errors.Unauthenticated: 41,
    errors.Forbidden: 45,
    errors.QuotaExceeded: 44,
    errors.RemoteRefused: 42,
    errors.PentimentoError: 70,
}

PLAIN: Mapping[int, str] = {
    OK: "done",
    NOT_ALL: "the job ended, but not every picture is there",
    USAGE: "the command line was not understood, or a question could not be asked",
    INTERRUPTED: "interrupted by Ctrl-C; a watched job goes on",
}


def exit_code(error: PentimentoError) -> int:
    """The exit code of the nearest class of `error` that the table has."""
    return next(EXITS[kind] for kind in type(error).__mro__ if kind in EXITS)


def problem_json(error: PentimentoError) -> str:
    """`error` as one line of JSON, in the words of the API's problem+json."""
    body: dict[str, object] = {"code": error.code, "detail": str(error), "remedy": error.remedy}
    if isinstance(error, InvalidSpec):
        names = ("path", "message", "value", "remedy", "line")
        body["problems"] = [{name: getattr(problem, name) for name in names} for problem in error.problems]
        body["source"] = error.source
    return json.dumps(body | {"exit_code": exit_code(error)}, ensure_ascii=False)


def problem_text(error: PentimentoError) -> str:
    """`error` as a block for people: what, then where, value and remedy of each problem. Without a last newline."""
    if not isinstance(error, InvalidSpec) or not error.problems:
        return "\n".join([f"error: {error}", *([f"  {error.remedy}"] if error.remedy else [])])
    count = len(error.problems)
    lines = [f"error: {error.source or 'the job spec'} has {count} problem{'s' if count != 1 else ''}"]
    for problem in error.problems:
        where = f"line {problem.line}, {problem.path}" if problem.line is not None else problem.path
        lines.append(f"  {where}: {problem.message}" if where else f"  {problem.message}")
        lines += [f"    got:    {problem.value}"] if problem.value else []
        lines += [f"    remedy: {problem.remedy}"] if problem.remedy else []
    return "\n".join([*lines, *([f"  {error.remedy}"] if error.remedy else [])])


def report(error: PentimentoError, *, as_json: bool) -> int:
    """Print `error` to stderr and return its exit code."""
    sys.stderr.write((problem_json(error) if as_json else problem_text(error)) + "\n")
    return exit_code(error)
