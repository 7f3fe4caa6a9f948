"""URIs: what the grammar does not say is refused, and no message shows a password or a signature."""

import pytest

from jobs.errors import ForbiddenUri
from jobs.uris import FileUri, S3Uri, UploadUri, WebUri, parse, parse_file, parse_s3, shown, upload_uri

SHA = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("uri", "parsed"),
    [
        ("s3://bucket/a/b.png", S3Uri("bucket", "a/b.png")),
        ("s3://my.bucket-1/k?x#y%20 z", S3Uri("my.bucket-1", "k?x#y%20 z")),
        ("s3://bucket/ü/★.png", S3Uri("bucket", "ü/★.png")),
        ("file:///a/b%20c.png", FileUri("/a/b c.png")),
        ("file://localhost/a.png", FileUri("/a.png")),
        (f"upload://{SHA}", UploadUri(SHA)),
        ("http://Example.org", WebUri("http", "example.org", 80, "/")),
        ("https://example.org:8443/a?b=c#d", WebUri("https", "example.org", 8443, "/a?b=c")),
        ("http://example.org?q", WebUri("http", "example.org", 80, "/?q")),
        ("http://[2001:DB8::1]:8080/x", WebUri("http", "2001:db8::1", 8080, "/x")),
        ("http://192.0.2.7/x", WebUri("http", "192.0.2.7", 80, "/x")),
        ("http://example.org/grün", WebUri("http", "example.org", 80, "/gr%C3%BCn")),
        ("http://127.0.0.1#@example.com/", WebUri("http", "127.0.0.1", 80, "/")),
    ],
)
def test_each_scheme_is_read_by_its_own_grammar(uri: str, parsed: object) -> None:
    assert parse(uri) == parsed


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "a.png",
        "FILE:/etc/passwd",
        "file:/etc/passwd",
        "file://host/etc/passwd",
        "file:///etc/%ff",
        "file:///etc/../passwd",
        "file:///etc/%2e%2e/passwd",
        "data:image/png;base64,aGk=",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "S3://bucket/k",
        "s3://bucket",
        "s3://bucket/",
        "s3://bucket/a/",
        "s3://bucket@evil/k",
        "s3://Bucket/k",
        "s3://b/k",
        "s3://a..b/k",
        "s3://bucket/../other/k",
        "s3://bucket/a//b",
        "s3://bucket/a\tb",
        "s3://bucket/\ud800",
        f"s3://bucket/{'k' * 1025}",
        "upload://short",
        f"upload://{SHA.upper()}",
        f"upload://{SHA}/../x",
        "http://",
        "http:///x",
        "http://2130706433",
        "http://0x7f.1",
        "http://0177.0.0.1",
        "http://①②⑦.⓪.⓪.①",
        "http://0",
        "http://169.254.43518",
        "http://1.2.3.4.5",
        "http://[::1",
        "http://[fe80::1%25eth0]/",
        "http://[::1]x/",
        "http://example.com@127.0.0.1/",
        "http://example.com\\@127.0.0.1/",
        "http://user:password@example.org/",
        "http://example.org:80:80/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://example.org:/",
        "http://exa mple.org/",
        "http://exa\tmple.org/",
        "http://example.org/\r\nHost: evil",
        "http://-example.org/",
        "http://example..org/",
        f"http://{'a' * 8192}/",
        f"http://example.org/{'a' * 65536}",
    ],
)
def test_what_the_grammar_does_not_say_is_refused(uri: str) -> None:
    with pytest.raises(ForbiddenUri) as caught:
        parse(uri)
    assert caught.value.remedy
    assert len(str(caught.value)) < 500


def test_a_message_never_shows_a_password_or_a_signature() -> None:
    said = shown("https://ann:canary@example.org/a.png?X-Amz-Signature=canary\nmore")

    assert "canary" not in said
    assert "example.org/a.png" in said
    with pytest.raises(ForbiddenUri) as caught:
        parse("https://ann:canary@example.org/a.png?X-Amz-Signature=canary")
    assert "canary" not in str(caught.value)


def test_folders_may_end_in_a_slash_where_folders_are_asked_for() -> None:
    assert parse_s3("s3://bucket", folder=True) == S3Uri("bucket", "")
    assert parse_s3("s3://bucket/a/", folder=True) == S3Uri("bucket", "a/")
    assert parse_file("file:///a/", folder=True) == FileUri("/a/")


def test_a_file_uri_survives_the_way_there_and_back() -> None:
    path = FileUri("/a b/%41/ü#?.png")

    assert parse_file(str(path)) == path


def test_an_upload_lies_below_its_callers_folder() -> None:
    assert upload_uri("s3://out/pre/", "ann", SHA) == f"s3://out/pre/ann/uploads/{SHA}.bin"


@pytest.mark.parametrize(("caller", "sha256"), [("../bob", SHA), ("", SHA), (".x", SHA), ("a/b", SHA), ("ann", "../x")])
def test_no_upload_leaves_its_callers_folder(caller: str, sha256: str) -> None:
    with pytest.raises(ForbiddenUri):
        upload_uri("s3://out", caller, sha256)
