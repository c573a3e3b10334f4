"""Where a webhook may go: to public addresses, so that nobody can make ivr knock at doors
inside the office (SSRF).

A name is looked up once, checked, and the connection goes to that very address: it
cannot mean something else a moment later (DNS rebinding).
"""

import asyncio
import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult


class ForbiddenAddress(OSError):  # noqa: N818 - as aiohttp's resolvers tell it
    """The name means an address that webhooks may not reach."""


def is_public(address: str) -> bool:
    """Whether anybody in the world would reach the same place by it."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (mapped is None or mapped.is_global)


def check_literal(host: str, *, allow_private: bool) -> None:
    """A host that is an address is never looked up. Raises ForbiddenAddress."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    if not allow_private and not is_public(host):
        raise ForbiddenAddress(f"{host} is not a public address")


class Resolver(AbstractResolver):
    """Tells an HTTP client only of addresses that it may reach."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        infos = await asyncio.get_running_loop().getaddrinfo(
            host, port, family=family, type=socket.SOCK_STREAM
        )
        found = []
        for kind, _, protocol, _, address in infos:
            if not self._allow_private and not is_public(str(address[0])):
                # one bad address is enough: an honest name has none
                raise ForbiddenAddress(f"{host} is {address[0]}, which is not a public address")
            found.append(
                ResolveResult(
                    hostname=host,
                    host=str(address[0]),
                    port=port,
                    family=kind,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return found

    async def close(self) -> None:
        """Nothing is held."""
