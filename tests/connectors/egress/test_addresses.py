from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.connectors.egress.addresses import carried_addresses, special_range
from integrations.connectors.egress.policy import Destination, EgressPolicy

OPEN = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "192.167.255.255",
    "193.0.0.1",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80b::200e",
    "2620:0:2d0:200::7",
]
CLOSED = [
    "0.0.0.0",  # noqa: S104 (nothing is bound to it)
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",  # metadata of one cloud
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",  # platform service of another
    "169.254.0.1",
    "169.254.169.254",  # metadata of most
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",  # metadata of yet another
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",  # IPv4-compatible 127.0.0.1
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",  # IPv4-translated
    "64:ff9b::7f00:1",  # NAT64
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::a00:1",
    "100::1",  # discard only
    "2001::1",  # Teredo
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata over IPv6
    "fd20:ce::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "4000::1",
    "2606:4700::5efe:7f00:1",  # ISATAP of 127.0.0.1
    "2606:4700::200:5efe:a00:1",
]


@pytest.mark.parametrize("text", OPEN)
def test_policy_address_in_the_open_is_let_through(text: str) -> None:
    destination = Destination("example.com", ipaddress.ip_address(text), 443)

    assert EgressPolicy().refusal(destination) is None


@pytest.mark.parametrize("text", CLOSED)
def test_policy_special_address_is_refused(text: str) -> None:
    destination = Destination("example.com", ipaddress.ip_address(text), 443)

    assert EgressPolicy().refusal(destination)


@pytest.mark.parametrize(
    ("text", "carried"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2002:a00:1::", "10.0.0.1"),
        ("64:ff9b::a00:1", "10.0.0.1"),
        ("64:ff9b:1::a00:1", "10.0.0.1"),
        ("::10.0.0.1", "10.0.0.1"),
        ("2606:4700::5efe:a00:1", "10.0.0.1"),
        ("2001:0:a00:1::", "10.0.0.1"),
    ],
)
def test_carried_addresses_embedded_ipv4_is_found(text: str, carried: str) -> None:
    found = list(carried_addresses(ipaddress.ip_address(text)))

    assert ipaddress.IPv4Address(carried) in found


@given(st.ip_addresses())
def test_special_range_whatever_python_knows_as_not_global_is_special(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    reason = special_range(address)

    assert reason or address.is_global
