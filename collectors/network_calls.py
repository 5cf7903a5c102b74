"""What the system calls do that sockets are used by, and how each passes its data."""

SEND, RECEIVE, CONNECT, ACCEPT, URING, PAIR = range(1, 7)
BUFFER, VECTOR, MESSAGE, MESSAGES, NONE = range(5)

KINDS = {
    "write": SEND, "writev": SEND, "sendto": SEND, "sendmsg": SEND, "sendmmsg": SEND, "sendfile": SEND, "read": RECEIVE,
    "readv": RECEIVE, "recvfrom": RECEIVE, "recvmsg": RECEIVE, "recvmmsg": RECEIVE, "connect": CONNECT,
    "accept": ACCEPT, "accept4": ACCEPT, "io_uring_enter": URING, "socketpair": PAIR,
}  # fmt: skip
FORMS = {
    "writev": VECTOR, "readv": VECTOR, "sendmsg": MESSAGE, "recvmsg": MESSAGE, "sendmmsg": MESSAGES,
    "recvmmsg": MESSAGES, "sendfile": NONE,
}  # fmt: skip
ADDRESSED = frozenset({"sendto", "recvfrom"})
"""their fifth argument is an address, their fourth holds flags"""
