"""Which addresses and host names are the public Internet.

Knows the special-purpose registries and the cloud providers' metadata addresses; must never resolve, connect or log.
`ipaddress.is_global` is no answer: on current Pythons it calls NAT64, 6to4, multicast and several metadata services
global. So IPv4 is judged by what is refused, and IPv6 by the one range that is handed out, less what is refused in it.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network

_REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # "this network"; Linux connects it to the machine itself
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; holds Alibaba's metadata service 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's platform address, on a public network
        "169.254.0.0/16",  # link-local; metadata of AWS, Google, Azure, OpenStack
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments; holds Oracle's metadata service 192.0.0.192
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved and broadcast
    )
)
# The only IPv6 range handed out to the Internet. Outside it: loopback, mapped IPv4, NAT64, unique local, link-local.
_PUBLIC_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments; holds Teredo, which carries an IPv4 address inside
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which carries an IPv4 address inside
        "3fff::/20",  # documentation
    )
)

# Names that mean something inside a network only, and nothing on the Internet.
_PRIVATE_SUFFIXES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa", "onion")

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
# A last label like this makes every URL parser read the host as an IPv4 address, in one spelling or another.
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address `host` spells, if it spells one; `ValueError` for any but its one ordinary spelling."""
    if ":" in host:
        if "%" in host:
            raise ValueError("an address with a zone id names a network interface, not a shop")
        return IPv6Address(host)
    if not _NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]):
        return None
    try:
        return IPv4Address(host)
    except AddressValueError as unusual:
        raise ValueError(f"the host {host!r} is a number in an unusual spelling") from unusual


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether `address` is a host on the Internet that anybody could reach."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    return address in _PUBLIC_V6 and not any(address in network for network in _REFUSED_V6)


def is_host_name(host: str) -> bool:
    """Whether `host` is a name DNS can hold, in its ASCII form and lower case."""
    return len(host) <= 253 and bool(_NAME.fullmatch(host))  # noqa: PLR2004 (RFC 1035)


def is_public_name(host: str) -> bool:
    """Whether the name can stand for a host on the Internet; what it resolves to is still to be judged."""
    return "." in host and not any(host == suffix or host.endswith(f".{suffix}") for suffix in _PRIVATE_SUFFIXES)
