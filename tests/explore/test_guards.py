"""Who may ask."""

import socket

import pytest

from interp_claims.explore.guards import RefusedError, check_host, check_origin, is_loopback


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.3.2.1", True), ("0.0.0.0", False), ("::", False)],
)
def test_loopback_is_told_from_the_rest(host, expected):
    assert is_loopback(host) is expected
    assert not is_loopback("localhost.example.org")


@pytest.mark.parametrize("header", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "LOCALHOST:9", "[::1]:8000", "[::1]"])
def test_names_of_loopback_are_good(header):
    check_host(header, "127.0.0.1")


@pytest.mark.parametrize(
    "header", ["", "evil.example", "evil.example:8000", "192.168.1.5:8000", "127.0.0.1.evil.example"]
)
def test_other_names_are_refused_on_loopback(header):
    with pytest.raises(RefusedError) as error:
        check_host(header, "127.0.0.1")
    wanted = "wanted localhost or 127.0.0.1; open the address that interp-claims explore printed"
    assert str(error.value) == f"host: got {header!r}, {wanted}"


@pytest.mark.parametrize("header", ["192.168.1.5:8000", "[fe80::1]:80", "localhost", socket.gethostname()])
def test_elsewhere_addresses_and_own_names_are_good(header):
    check_host(header, "0.0.0.0")


def test_elsewhere_names_of_others_are_refused():
    with pytest.raises(RefusedError, match="wanted an address or this machine's name"):
        check_host("evil.example:8000", "0.0.0.0")


def test_programs_and_own_pages_may_post():
    check_origin(None, None, "127.0.0.1:8000")
    check_origin("http://127.0.0.1:8000", "same-origin", "127.0.0.1:8000")


@pytest.mark.parametrize(
    ("origin", "site"),
    [
        ("http://evil.example", "cross-site"),
        ("http://127.0.0.1:9999", "same-site"),
        ("null", None),
        (None, "cross-site"),
        (None, "none"),
        ("", None),
    ],
)
def test_pages_of_others_may_not(origin, site):
    with pytest.raises(RefusedError, match=r"use the page of this server$"):
        check_origin(origin, site, "127.0.0.1:8000")
