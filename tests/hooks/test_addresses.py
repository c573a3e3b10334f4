import socket

import pytest

from ivr.hooks.addresses import ForbiddenAddress, Resolver, check_literal, is_public


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.10", False),
        ("169.254.169.254", False),  # the metadata of a cloud
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),  # 6to4 of 127.0.0.1
        ("ff02::1", False),
        ("example.org", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_an_address_in_the_url_is_not_looked_up_but_checked() -> None:
    check_literal("example.org", allow_private=False)
    check_literal("127.0.0.1", allow_private=True)
    with pytest.raises(ForbiddenAddress):
        check_literal("127.0.0.1", allow_private=False)
    with pytest.raises(ForbiddenAddress):
        check_literal("::1", allow_private=False)


async def test_a_name_of_ours_is_refused() -> None:
    with pytest.raises(ForbiddenAddress, match=r"localhost is .* not a public address"):
        await Resolver(allow_private=False).resolve("localhost", 80, socket.AF_UNSPEC)
    found = await Resolver(allow_private=True).resolve("localhost", 80, socket.AF_INET)
    assert found[0]["host"] == "127.0.0.1"
