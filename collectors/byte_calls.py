"""Which system calls return a number of bytes."""

_NAMES = """read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 recvfrom sendto recvmsg sendmsg
getdents getdents64 sendfile splice copy_file_range tee vmsplice"""

RETURNS_BYTES = frozenset(_NAMES.split())
