"""Which network addresses may be fetched from: an explicit list, because the library's `is_global` lets traps through.

`ipaddress.is_global` passes NAT64, 6to4 and IPv4-compatible addresses (all of which can mean 127.0.0.1), two clouds'
metadata services, and multicast. Here only what is listed as public is public; everything else is refused.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

# IPv4: all unicast, less what the IANA special-purpose registry sets aside, and Azure's wire server.
_V4_SPECIAL = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared address space; Alibaba's metadata service is 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's wire server
        "169.254.0.0/16",  # link-local; the metadata service of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
# IPv6: global unicast alone, less what wraps other addresses, tests and documentation.
_V6_GLOBAL = IPv6Network("2000::/3")
_V6_SPECIAL = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)

_PRIVATE: Sequence[Network] = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv6Network("::1/128"),
    IPv6Network("fc00::/7"),
)
_NEVER = (IPv6Network("fd00:ec2::/32"),)  # EC2's metadata service over IPv6


def may_be_fetched_from(address: str, *, private: bool) -> bool:
    """Whether `address` (numeric, no zone) is public, or with `private` also loopback or a private network's.

    Link-local and metadata addresses are never allowed.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if private and any(ip in network for network in _PRIVATE if network.version == ip.version):
        return not any(ip in network for network in _NEVER if network.version == ip.version)
    if isinstance(ip, IPv6Address):
        return ip in _V6_GLOBAL and not any(ip in network for network in _V6_SPECIAL)
    return not any(ip in network for network in _V4_SPECIAL)
