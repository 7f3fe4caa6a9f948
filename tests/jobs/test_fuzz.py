"""No text crashes the reader of manifests, and none takes it long: good manifests, mutated.

CI gives it half a minute, from fixed seeds. Ten minutes of new ones: `python -m tests.jobs.test_fuzz 600`.
"""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.errors import InvalidSpec, Problem
from jobs.manifest import Format, parse_manifest
from jobs.manifest.prompt_lines import import_prompts
from jobs.spec import JobSpec, canonical_json, with_defaults
from jobs.sweep import Sweep

CI_SECONDS = 30.0
LONGEST_SECONDS = 5.0  # of one text, on a machine that others use, too
MOST_BYTES = 1_500_000_000  # of address space, with the interpreter and all it maps

ROOT = Path(__file__).parents[2]
DEMO = (ROOT / "deploy" / "examples" / "demo.yaml").read_text()
SEEDS: list[tuple[Format, str]] = [
    ("yaml", DEMO),
    ("yaml", ("images: [a.png, 's3://bucket/x/*.png']\nmodel: tiny\nprompt: '{a|b {c|{x}}} {y}'\n"
     "matrix: {x: [1], y: [2]}\n")),
    ("yaml", "images: [{uri: s3://bucket/x/, sidecar: prompt}]\nmodel: tiny\nprompt: x\nreroll: [{strength: 0.5}]\n"),
    ("yaml", ("images: [a.png, {uri: b.png, set: {model: n, steps: 4}}]\nmodel: [m, n]\nprompt: x\n"
     "model_defaults: {n: {steps: 4}}\nexclude: [{steps: 4, model: m}]\ninclude: [{model: n, steps: 9}]\n")),
    ("json", '{"images": [{"uri": "a.png", "set": {"strength": 0.3}}], "model": "tiny", "prompt": "x", "samples": 2}'),
    ("jsonl", ('{"image": "a.png", "model": "tiny", "prompt": "x", "seed": 5}\n'
     '{"custom_id": "k", "body": {"image": "b"}}\n')),
    ("csv", 'image,id,model,prompt,steps\na.png,one,tiny,"x, y",8\nb.png,,tiny,z,9\n'),
]  # fmt: skip

BITS = [
    "{",
    "}",
    "[",
    "]",
    "{{",
    "}}",
    "|",
    ":",
    ",",
    "-",
    "&a ",
    "*a",
    "!!",
    "!x ",
    "<<: ",
    "? ",
    "%YAML 1.1\n",
    "---\n",
    "'",
    '"',
    "\t",
    "\r\n",
    "\r",
    "\0",
    "\ufeff",
    "\u2028",
    "\ud800",
    "\U0001f600",
    "\u202e\u05d0",
    "é",
    "null",
    "true",
    "yes",
    "NaN",
    ".inf",
    "-0",
    "1e999",
    "9" * 400,
    "0x" + "f" * 30,
    "0o777",
    "1_000",
    "2026-01-01",
    "{range: [0, 1, 1.0e-9]}",
    "{linspace: [0, 1, 1000000]}",
    "{range: [1, 1000000, 1]}",
    "[0.1, 0.1]",
    "{a|a}",
    "{2$$a|b}",
    "{0.__class__}",
    "../",
    "s3://b/**/**/**/",
    "[!]-",
    "strength: 0.1\n",
    "exclude: [{}]\n",
    "include: [{strength: 1}]\n",
    "table",
    "sidecar",
    "  ",
    "x" * 3000,
    "[" * 200,
    "{a: " * 50,
    "images:",
    "- " * 100,
    "# ",
    "extends: x\n",
    "*" * 300,
    "{a|" * 40,
]

BOMBS: list[tuple[Format, Callable[[], str]]] = [
    ("yaml", lambda: "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{b}: &{b} [{f'*{a},' * 9}]\n"
                                                          for a, b in zip("abcdefgh", "bcdefghi", strict=True))),
    ("yaml", lambda: "&a [" * 5000), ("json", lambda: "[" * 1_000_000), ("json", lambda: '{"a":' * 200_000),
    ("json", lambda: '{"images": ["a"], "model": "m", "prompt": "p", "steps": [' + "1," * 1_000_000 + "1]}"),
    ("json", lambda: '{"images": [' + '"a.png",' * 1_000_000 + '"b.png"], "model": "m", "prompt": "p"}'),
    ("json", lambda: '{"images": ["a"], "model": "m", "prompt": "p", "seed": ' + "9" * 4000 + "}"),
    ("json", lambda: '{"images": ["a"], "model": "m", "prompt": "' + "{a|b}" * 1900 + '"}'),
    ("json", lambda: '{"images": ["a"], "model": "m", "prompt": "' + "{" * 9000 + '"}'),
    ("json", lambda: '{"images": ["a"], "model": "m", "prompt": "' + "{x|" * 3000 + "}" * 3000 + '"}'),
    ("json", lambda: '{"images": ["a"], "model": "m", "prompt": ["'
     + '","'.join("{x|y}" * 16 for _ in range(99)) + '"]}'),
    ("json", lambda: '{"images": ["s3://b/' + "*a" * 2000 + '"], "model": "m", "prompt": "p"}'),
    ("json", lambda: '{"images": ["a"], "model": "m", "prompt": "p", "matrix": {' + ",".join(
        f'"v{k}": [1, 2]' for k in range(5000)) + "}}"),
    ("jsonl", lambda: "{}\n" * 300_000), ("csv", lambda: "image\n" + "a\n" * 300_000), ("csv", lambda: '"' * 1_000_000),
    ("csv", lambda: "a," * 200_000 + "\n" + "b," * 200_000), ("yaml", lambda: "a: " + "x" * 1_000_000),
    ("yaml", lambda: "- " * 400_000), ("yaml", lambda: "{" * 900_000), ("yaml", lambda: "? " * 300_000),
    ("yaml", lambda: "&" + "a" * 900_000), ("yaml", lambda: "'" + "''" * 400_000), ("yaml", lambda: "\n" * 1_000_000),
]  # fmt: skip


def check_frozen(spec: JobSpec) -> None:
    """What models say for a spec, once it is written out, reads as the same spec again."""
    try:
        frozen = with_defaults(spec, lambda model: {"steps": len(model) % 5 + 3})
    except InvalidSpec:
        return
    assert parse_manifest(canonical_json(frozen), source="fuzz", format="json") == frozen
    assert not frozen.left or frozen.model_defaults.keys() == set(frozen.models)


def read(text: str, form: Format) -> None:
    """Read a text as people's would be: a job or a list of problems, and soon."""
    begun = time.process_time()
    try:
        spec = parse_manifest(text, source="fuzz", format=form)
    except InvalidSpec as invalid:
        if not all(problem.path and problem.message for problem in invalid.problems or [Problem("", "")]):
            raise AssertionError(text) from invalid
    else:
        again = parse_manifest(canonical_json(spec), source="fuzz", format="json")
        assert canonical_json(again) == canonical_json(spec)
        check_frozen(spec)
        if not spec.open:
            sweep = Sweep(spec)
            assert 0 < sweep.count <= len(sweep)
            assert [sweep[k].index for k in (0, len(sweep) // 2, len(sweep) - 1)]
    assert time.process_time() - begun < LONGEST_SECONDS, text[:200]


def mutated(rng: random.Random) -> tuple[str, Format]:
    """A good manifest with some of its characters changed for worse ones."""
    form, text = rng.choice(SEEDS)
    for _ in range(rng.randint(1, 6)):
        start = rng.randrange(len(text) + 1)
        stop = min(len(text), start + rng.choice([0, 0, 1, 3, 20]))
        kind = rng.random()
        if kind < 0.6:
            text = text[:start] + rng.choice(BITS) + text[stop:]
        elif kind < 0.8:
            text = text[:start] + text[stop:]
        else:
            other = rng.randrange(len(text) + 1)
            text = text[:start] + text[other : other + 60] + text[start:]
    return text, rng.choice([form, form, form, "yaml", "json", "jsonl", "csv"])


def fuzz(seed: int, seconds: float) -> int:
    """Read mutated manifests for so long; returns how many."""
    rng, count, until = random.Random(seed), 0, time.monotonic() + seconds
    while time.monotonic() < until:
        state = rng.getstate()
        text, form = mutated(rng)
        try:
            read(text, form)
            import_prompts(text, source="fuzz", images=["a.png"], model="tiny")
        except InvalidSpec:
            pass
        except BaseException:
            sys.stderr.write(f"{form}: {text!r}\nrandom state {hash(state)}, seed {seed}, text {count}\n")
            raise
        count += 1
    return count


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_mutated_manifests_are_a_job_or_a_list_of_problems() -> None:
    assert fuzz(1, CI_SECONDS) > 100


def test_bombs_cost_little_time_and_memory() -> None:
    program = (
        f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({MOST_BYTES}, {MOST_BYTES}));"
        "from tests.jobs.test_fuzz import BOMBS, read; [read(make(), form) for form, make in BOMBS]"
    )

    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr[-2000:]


if __name__ == "__main__":
    first = random.randrange(1 << 30)
    print(f"seed {first}: {fuzz(first, float(sys.argv[1])):,} texts, no crash")
