"""/proc/PID/net/tcp and tcp6: the TCP sockets of a network namespace (proc_pid_net(5))."""

import contextlib
import ipaddress

from perfdoctor.collectors.host.base import Host

_LISTEN = b"0A"  # TCP_LISTEN, include/net/tcp_states.h


def parse_listening(data: bytes) -> dict[int, int]:
    """Port by socket inode, of the sockets that listen. Lines that are not understood are left out."""
    #   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
    #    0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31337 1 …
    ports = {}
    for line in data.split(b"\n"):
        words = line.split()
        if len(words) >= 10 and words[3] == _LISTEN:
            with contextlib.suppress(ValueError):
                ports[int(words[9])] = int(words[1].rpartition(b":")[2], 16)
    return ports


def read_listening(host: Host, pid: int) -> dict[int, int]:
    """Of the network namespace that ``pid`` lives in; empty when it cannot be read."""
    ports: dict[int, int] = {}
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            ports |= parse_listening(host.read_file(f"/proc/{pid}/net/{name}"))
    return ports


def parse_ends(data: bytes) -> dict[int, str]:
    """``tcp 10.0.0.1:80 > 10.0.0.2:5432`` by socket inode; what listens has no other end."""
    ends = {}
    for line in data.split(b"\n"):
        words = line.split()
        if len(words) >= 10:
            with contextlib.suppress(ValueError):
                local, remote = _address(words[1]), _address(words[2])
                ends[int(words[9])] = f"tcp {local} listens" if words[3] == _LISTEN else f"tcp {local} > {remote}"
    return ends


def _address(text: bytes) -> str:
    # 0100007F:1F90: 32-bit words as the machine stores them
    words, _, port = text.partition(b":")
    raw = b"".join(bytes.fromhex(words[i : i + 8].decode())[::-1] for i in range(0, len(words), 8))
    address = ipaddress.ip_address(raw)
    shown = f"[{address}]" if address.version == 6 else str(address)
    return f"{shown}:{int(port, 16)}"


def read_ends(host: Host, pid: int) -> dict[int, str]:
    """Both ends of the TCP sockets of the network namespace that ``pid`` lives in."""
    ends: dict[int, str] = {}
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            ends |= parse_ends(host.read_file(f"/proc/{pid}/net/{name}"))
    return ends
