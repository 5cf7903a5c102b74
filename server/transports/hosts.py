"""Which values of the Host and Origin headers are answered: the names under which this server is meant to be
reached."""

import ipaddress
import socket

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def allowed_hosts(host: str, port: int, also: list[str]) -> list[str]:
    """``name:port`` for every name of the address that is listened on, and what the operator adds (``name`` or
    ``name:port``, such as the public name of a proxy)."""
    names = [host]
    if is_loopback(host):
        names += _LOOPBACK
    elif host in ("0.0.0.0", "::", ""):  # noqa: S104  (compared, not bound)
        names = [*_LOOPBACK, socket.gethostname(), *_addresses()]
    allowed = [f"{url_host(name)}:{port}" for name in dict.fromkeys(names)]
    for name in also:
        # A browser leaves out the port when it is the scheme's own; a proxy may use any.
        allowed += [name] if _has_port(name) else [name, f"{name}:*"]
    return allowed


def allowed_origins(hosts: list[str]) -> list[str]:
    return [f"{scheme}://{host}" for host in hosts for scheme in ("http", "https")]


def url_host(host: str) -> str:
    """An IPv6 address goes into brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _has_port(name: str) -> bool:
    return ":" in name.rpartition("]")[2]


def _addresses() -> list[str]:
    import psutil

    families = (socket.AF_INET, socket.AF_INET6)
    found = (address for addresses in psutil.net_if_addrs().values() for address in addresses)
    return [address.address.split("%")[0] for address in found if address.family in families]
