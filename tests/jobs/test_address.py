"""The list of addresses: what a library calls global is not good enough to connect to."""

from jobs.address import may_be_fetched_from

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "223.255.255.1", "2606:4700::1111", "2a00:1450:4001::1"]
NEVER = [
    "0.0.0.0",  # noqa: S104 - nothing is bound to it
    "0.1.2.3",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::7f00:1",
    "::ffff:7f00:1",
    "::ffff:8.8.8.8",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "not an address",
    "",
]
PRIVATE = ["10.1.2.3", "127.0.0.1", "127.255.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "::1", "fd12::1"]


def test_only_listed_addresses_are_public() -> None:
    assert [address for address in PUBLIC if not may_be_fetched_from(address, private=False)] == []
    assert [address for address in PRIVATE + NEVER if may_be_fetched_from(address, private=False)] == []


def test_private_addresses_are_a_setting_and_metadata_services_are_never_private() -> None:
    assert [address for address in PUBLIC + PRIVATE if not may_be_fetched_from(address, private=True)] == []
    assert [address for address in NEVER if may_be_fetched_from(address, private=True)] == []
