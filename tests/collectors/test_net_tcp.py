"""/proc/PID/net/tcp: both ends of a connection."""

from perfdoctor.collectors.backends.proc.net_tcp import parse_ends, parse_listening

TCP = b"""\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 31337 1 0 100 0 0 10 0
   1: 0100007F:C350 0700000A:1538 01 00000000:00000000 00:00000000 00000000  1000        0 31338 1 0 20 4 30 10 -1
   2: nonsense of no kernel : x y z 1 2 3 4
"""
TCP6 = b"0: 00000000000000000000000001000000:0016 00000000000000000000000001000000:0050 01 0:0 0:0 0 0 0 7 1\n"


def test_both_ends_are_told() -> None:
    assert parse_ends(TCP) == {31337: "tcp 127.0.0.1:8080 listens", 31338: "tcp 127.0.0.1:50000 > 10.0.0.7:5432"}
    assert parse_ends(TCP6) == {7: "tcp [::1]:22 > [::1]:80"}
    assert parse_listening(TCP) == {31337: 8080}
