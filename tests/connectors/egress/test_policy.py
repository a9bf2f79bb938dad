from __future__ import annotations

import ipaddress
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.connectors.egress import EgressPolicy
from integrations.connectors.egress.policy import Destination, host_matches
from integrations.errors import DefinitionError


@pytest.mark.parametrize(
    ("entry", "host", "address", "port"),
    [
        ("127.0.0.1", "localhost", "127.0.0.1", 80),
        ("127.0.0.1:8000", "localhost", "127.0.0.1", 8000),
        ("10.0.0.0/8", "x", "10.9.8.7", 1),
        ("10.0.0.0/8:5432", "x", "10.9.8.7", 5432),
        ("::1", "x", "::1", 443),
        ("[::1]", "x", "::1", 443),
        ("[::1]:8443", "x", "::1", 8443),
        ("fd00::/8", "x", "fd12::1", 443),
        ("[fd00::/8]:443", "x", "fd12::1", 443),
        ("intranet.example.com", "intranet.example.com", "10.0.0.1", 443),
        (" Intranet.Example.COM. ", "intranet.example.com", "10.0.0.1", 443),
        ("intranet:8080", "intranet", "192.168.1.1", 8080),
        ("*.example.com", "a.b.example.com", "10.0.0.1", 443),
    ],
)
def test_policy_entry_lets_its_destination_through(entry: str, host: str, address: str, port: int) -> None:
    policy = EgressPolicy.parse([entry])

    assert policy.refusal(Destination(host, ipaddress.ip_address(address), port)) is None


@pytest.mark.parametrize(
    ("entry", "host", "address", "port"),
    [
        ("127.0.0.1:8000", "localhost", "127.0.0.1", 8001),
        ("127.0.0.1", "localhost", "127.0.0.2", 80),
        ("10.0.0.0/8", "x", "192.168.0.1", 80),
        ("intranet:8080", "intranet", "10.0.0.1", 80),
        ("intranet.example.com", "evil-intranet.example.com", "10.0.0.1", 443),
        ("*.example.com", "example.com", "10.0.0.1", 443),
        ("*.example.com", "badexample.com", "10.0.0.1", 443),
        # What carries an IPv4 address has to pass with both.
        ("64:ff9b::/96", "x", "64:ff9b::7f00:1", 80),
        ("10.0.0.0/8", "x", "2002:a00:1::", 80),
        ("::/0", "x", "::ffff:127.0.0.1", 80),
    ],
)
def test_policy_entry_lets_nothing_else_through(entry: str, host: str, address: str, port: int) -> None:
    policy = EgressPolicy.parse([entry])

    assert policy.refusal(Destination(host, ipaddress.ip_address(address), port))


def test_policy_nat64_network_allowed_lets_public_ipv4_behind_it_through() -> None:
    policy = EgressPolicy.parse(["64:ff9b::/96"])

    assert policy.refusal(Destination("x", ipaddress.ip_address("64:ff9b::8.8.8.8"), 443)) is None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("", "not a host name"),
        ("http://x", "port"),
        ("x/y", "neither an IP address nor a network"),
        ("10.0.0.1/8", "written 10.0.0.0/8"),
        ("10.0.0.0/33", "neither"),
        ("127.1", "neither an IP address nor a network"),
        ("0x7f000001", "neither an IP address nor a network"),
        ("127.0.0.1:0", "1 to 65535"),
        ("127.0.0.1:65536", "1 to 65535"),
        ("127.0.0.1:٣", "1 to 65535"),
        ("x:", "1 to 65535"),
        ("::1]:80", "neither"),
        ("[::1", "neither"),
        ("[example.com]:80", "neither"),
        ("*", "not a host name"),
        ("a.*.com", "not a host name"),
        ("-a.com", "not a host name"),
        ("a b", "not a host name"),
        ("bücher.de", "xn--"),
        ("a" * 64, "not a host name"),
    ],
)
def test_parse_malformed_entry_says_what_is_wrong(entry: str, message: str) -> None:
    with pytest.raises(DefinitionError, match=message) as caught:
        EgressPolicy.parse(["127.0.0.1", entry])

    assert caught.value.problems[0].place == "DUCTAPE_EGRESS_ALLOW[1]"


def test_parse_several_malformed_entries_reports_all() -> None:
    with pytest.raises(DefinitionError) as caught:
        EgressPolicy.parse(["", "ok.example.com", "x:0"])

    assert [problem.place for problem in caught.value.problems] == [
        "DUCTAPE_EGRESS_ALLOW[0]",
        "DUCTAPE_EGRESS_ALLOW[2]",
    ]


@given(st.text(max_size=60))
def test_parse_any_text_gives_a_policy_or_the_documented_error(entry: str) -> None:
    with suppress(DefinitionError):
        policy = EgressPolicy.parse([entry])
        assert len(policy.allowed) == 1


@pytest.mark.parametrize(
    ("host", "pattern", "matches"),
    [
        ("api.example.com", "api.example.com", True),
        ("API.example.com.", "api.EXAMPLE.com", True),
        ("api.example.com", "*.example.com", True),
        ("example.com", "*.example.com", False),
        ("api.example.com.evil.org", "api.example.com", False),
        ("127.0.0.1", "*.0.0.1", False),
        ("::1", "[::1]", True),
        ("xn--bcher-kva.de", "bücher.de", True),
        ("a.xn--bcher-kva.de", "*.bücher.de", True),
        ("anything", "", False),
    ],
)
def test_host_matches(host: str, pattern: str, *, matches: bool) -> None:
    assert host_matches(host, pattern) is matches
