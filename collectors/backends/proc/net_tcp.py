"""/proc/PID/net/tcp and tcp6: the TCP sockets of a network namespace (proc_pid_net(5))."""

import contextlib

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
