"""Which IP addresses are out in the open, and which lead back inside.

`ipaddress.is_global` alone lets several ways inside through (6to4, NAT64 and IPv4-compatible forms of 127.0.0.1,
fec0::/10, multicast, 168.63.129.16), so the ranges are written out here and `is_global` is asked last.

Source: the IANA IPv4 and IPv6 special-purpose address registries (RFC 6890 and its updates).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_SPECIAL_IPV4 = {
    ipaddress.IPv4Network(network): reason
    for network, reason in {
        "0.0.0.0/8": "this network",
        "10.0.0.0/8": "private",
        "100.64.0.0/10": "shared by a carrier",
        "127.0.0.0/8": "loopback",
        "169.254.0.0/16": "link-local, where clouds keep their metadata service",
        "172.16.0.0/12": "private",
        "192.0.0.0/24": "reserved for protocols",
        "192.0.2.0/24": "for documentation",
        "192.88.99.0/24": "a 6to4 relay",
        "192.168.0.0/16": "private",
        "198.18.0.0/15": "for benchmarks",
        "198.51.100.0/24": "for documentation",
        "203.0.113.0/24": "for documentation",
        "168.63.129.16/32": "the platform service of a cloud",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved or broadcast",
    }.items()
}

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
_IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")

_SPECIAL_IPV6 = {
    ipaddress.IPv6Network(network): reason
    for network, reason in {
        "::1/128": "loopback",
        "::/128": "unspecified",
        "::ffff:0:0/96": "an IPv4 address in IPv6 form",
        "::/96": "an IPv4 address in IPv6 form",
        "::ffff:0:0:0/96": "an IPv4 address in IPv6 form",
        "64:ff9b::/96": "an IPv4 address behind NAT64",
        "64:ff9b:1::/48": "an IPv4 address behind NAT64",
        "2001::/32": "Teredo",
        "2001::/23": "reserved for protocols",
        "2001:db8::/32": "for documentation",
        "2002::/16": "an IPv4 address behind 6to4",
        "3fff::/20": "for documentation",
        "fc00::/7": "private",
        "fe80::/10": "link-local",
        "fec0::/10": "site-local",
        "ff00::/8": "multicast",
    }.items()
}

#: Everything that is given out as global unicast so far (RFC 3513 section 2.4 and IANA).
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")


def special_range(address: Address) -> str | None:
    """Return why `address` itself is not out in the open, or None if it is. Does not look at what it carries."""
    if isinstance(address, ipaddress.IPv4Address):
        reason = next((reason for network, reason in _SPECIAL_IPV4.items() if address in network), None)
    else:
        reason = next((reason for network, reason in _SPECIAL_IPV6.items() if address in network), None)
        if reason is None and address not in _GLOBAL_UNICAST:
            reason = "not global unicast"
    return reason or (None if address.is_global else "not reachable from everywhere")


def carried_addresses(address: Address) -> Iterator[ipaddress.IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 address carries and may end up at."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in _NAT64 or address in _NAT64_LOCAL or _is_ipv4_compatible(address) or _is_isatap(address):
        yield _low_32_bits(address)


def _low_32_bits(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)


def _is_ipv4_compatible(address: ipaddress.IPv6Address) -> bool:
    """RFC 4291 section 2.5.5.1; the unspecified and the loopback address are of the same range, and carry nothing."""
    return address in _IPV4_COMPATIBLE and int(address) > 1


def _is_isatap(address: ipaddress.IPv6Address) -> bool:
    """RFC 5214 section 6.1: the interface part starts with 0000:5efe, or 0200:5efe for a public IPv4 address."""
    return (int(address) >> 32) & 0xFDFF_FFFF == 0x0000_5EFE
