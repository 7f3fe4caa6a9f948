"""One line for many images: what it matches is plain, and no pattern takes ages."""

import time

import pytest

from jobs.spec.patterns import Pattern, is_pattern

MATCHES = [
    ("s3://bucket/shoes/*.png", ["s3://bucket/shoes/a.png"], ["s3://bucket/shoes/x/a.png", "s3://bucket/shoes/a.jpg"]),
    ("s3://bucket/**/*.png", ["s3://bucket/a.png", "s3://bucket/x/y/a.png"], ["s3://bucket/a.jpg"]),
    ("s3://bucket/x/", ["s3://bucket/x/a.PNG", "s3://bucket/x/y/b.webp"], ["s3://bucket/x/a.txt", "s3://bucket/xa.png"]),
    ("s3://bucket/*/in/", ["s3://bucket/x/in/a.png", "s3://bucket/x/in/y/a.jpg"], ["s3://bucket/in/a.png"]),
    ("s3://bucket/a**", ["s3://bucket/a", "s3://bucket/ab/c"], ["s3://bucket/b"]),
    ("file:///a%20b/*.png", ["file:///a%20b/c%20d.png"], ["file:///a%20b/c/d.png"]),
    ("pics/[ab]?.png", ["pics/a1.png", "pics/bx.png"], ["pics/c1.png", "pics/a.png"]),
    ("pics/[!ab]", ["pics/c"], ["pics/a"]),
    ("pics/[a||b&&c--~]", ["pics/a", "pics/|", "pics/&", "pics/-"], ["pics/d"]),
    ("in/[[]1[]] ?.png", ["in/[1] a.png"], ["in/1 a.png", "in/[1].png"]),
    ("*a*b*", ["xaxbx", "ab"], ["ba"]),
    ("a[b.png", ["a[b.png"], ["ab.png"]),
    ("größe/*.jpg", ["größe/ü.jpg"], ["grosse/u.jpg"]),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "good", "bad"), MATCHES, ids=[match[0] for match in MATCHES])
def test_a_pattern_matches_these_and_not_those(pattern: str, good: list[str], bad: list[str]) -> None:
    made = Pattern.of(pattern)
    assert is_pattern(pattern)
    assert [uri for uri in good if not made.matches(uri)] == []
    assert [uri for uri in bad if made.matches(uri)] == []
    assert all(uri.startswith(made.base) for uri in good)


@pytest.mark.parametrize(("pattern", "uri", "name"), [
    ("s3://bucket/shoes/*.png", "s3://bucket/shoes/a b.png", "a-b"), ("s3://bucket/", "s3://bucket/x/y/a.png", "x-y-a"),
    ("s3://bucket/**/*.png", "s3://bucket/a.png", "a"), ("pics/boat-*", "pics/boat-1.v2.png", "boat-1.v2"),
    ("file:///a%20b/*", "file:///a%20b/c%20d.png", "c-d"), ("s3://bucket/*", "s3://bucket/ß", "image-cd3a7e92"),
])  # fmt: skip
def test_a_match_is_called_by_its_path_below_the_fixed_part(pattern: str, uri: str, name: str) -> None:
    assert Pattern.of(pattern).name(uri) == name


@pytest.mark.parametrize("uri", ["s3://bucket/a.png", "a.png", "https://x.example/*?a[1]", "upload://x*", "C:\\a.png"])
def test_a_plain_image_is_no_pattern(uri: str) -> None:
    assert not is_pattern(uri)


@pytest.mark.parametrize("pattern", ["*a" * 400 + "*b", "**/*a*a*a/**/b", "?" * 900 + "*b", "[a-z]*" * 200 + "!"])
def test_no_pattern_takes_ages(pattern: str) -> None:
    started = time.process_time()
    made = Pattern.of(f"s3://bucket/{pattern}")
    assert not made.matches("s3://bucket/" + "a" * 1000)
    assert not made.matches("s3://bucket/" + "a/" * 500)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(("pattern", "said"), [("x[z-a]", "bad character range"), ("**/a/**/b/**/c", "more than 2")])
def test_what_is_no_pattern_is_refused(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Pattern.of(pattern)
