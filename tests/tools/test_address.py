"""Which addresses an operator may configure."""

import pytest

from tools.address import base, checked, encrypted_or_here, link, same_origin, shown


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9090",
        "https://prometheus.example.test/prefix/",
        "http://[::1]:9090/x?dry=1",
    ],
)
def test_an_http_address_is_taken_as_it_is(url: str) -> None:
    assert checked(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "prometheus:9090",
        "ftp://there.test",
        "file:///etc/passwd",
        "http://",
        "http://there.test:port",
        "http://there.test:99999",
        "http://user@there.test",
        "http://user:pass@there.test",
        "http://@there.test",
        "http://there.test/#part",
        "http://there.test/a b",
        "http://there.test/a\nb",
        "http://[::1",
        "http://there.test/" + "a" * 2000,
    ],
)
def test_f08_anything_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"not an address|take the"):
        checked(url)
    assert link(url) == ""


def test_a_server_is_named_without_a_slash_and_without_a_query() -> None:
    assert base("http://there.test/prefix/") == "http://there.test/prefix"
    with pytest.raises(ValueError, match=r"after \?"):
        base("http://there.test/?a=1")


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://there.test/x", True),
        ("http://localhost:1/x", True),
        ("http://127.9.8.7/x", True),
        ("http://[::1]/x", True),
        ("http://there.test/x", False),
        ("http://10.0.0.1/x", False),
    ],
)
def test_plain_http_is_private_on_this_machine_only(url: str, *, safe: bool) -> None:
    assert encrypted_or_here(url) is safe


def test_one_server_is_one_scheme_host_and_port() -> None:
    assert same_origin("https://there.test/a", "https://THERE.test:443/b")
    assert not same_origin("https://there.test/a", "http://there.test/a")
    assert not same_origin("https://there.test/a", "https://there.test:8443/a")
    assert not same_origin("https://there.test/a", "https://other.test/a")


def test_humans_are_shown_an_address_without_its_query() -> None:
    assert shown("https://there.test:8443/a/b?token=x") == "https://there.test:8443/a/b"


def test_only_text_can_be_a_link() -> None:
    assert link("https://there.test/run/1") == "https://there.test/run/1"
    assert link(None) == ""
    assert link("javascript:alert(1)") == ""
