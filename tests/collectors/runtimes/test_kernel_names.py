"""Names of kernel code, from /proc/kallsyms."""

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.runtimes.kernel_names import KernelNames

TABLE = b"""ffffffff81000000 T startup_64
ffffffff81000100 d some_data
ffffffff81000040 t secondary\x01_startup
ffffffffc0a01000 t ext4_setup_super\t[ext4]
"""


class Machine(LocalHost):
    def __init__(self, table: bytes, modules: bytes) -> None:
        super().__init__()
        self.files, self.reads = {"/proc/kallsyms": table, "/proc/modules": modules}, 0

    def read_file(self, path: str, limit: int = 16 << 20) -> bytes:
        self.reads += path == "/proc/kallsyms"
        return self.files[path]


def names(host: Machine, *addresses: int) -> list[str]:
    found = KernelNames(host)
    return [found.frame(address).function for address in addresses]


def test_an_address_has_the_name_of_the_code_before_it() -> None:
    host = Machine(TABLE, b"ext4 1 0\n")
    told = names(host, 0xFFFFFFFF81000004, 0xFFFFFFFF81000200, 0xFFFFFFFFC0A01010, 0x1000)
    assert told[0] == "startup_64" and told[1].startswith("secondary") and told[2:] == ["ext4_setup_super", "[kernel]"]
    assert "\x01" not in told[1]


def test_the_table_is_read_again_only_when_the_modules_are_others() -> None:
    host = Machine(TABLE, b"ext4 2 0\n")
    for _ in range(3):
        names(host, 0xFFFFFFFF81000004)
    assert host.reads == 1
    host.files = {"/proc/kallsyms": TABLE.replace(b"startup_64", b"other"), "/proc/modules": b"ext4 2 0\nxfs 1 0\n"}
    assert names(host, 0xFFFFFFFF81000004) == ["other"]


def test_who_may_not_know_the_addresses_gets_no_names_and_is_asked_again() -> None:
    host = Machine(b"0000000000000000 T startup_64\n" * 9, b"ext4 3 0\n")
    assert names(host, 0xFFFFFFFF81000004) == ["[kernel]"]
    host.files["/proc/kallsyms"] = TABLE
    assert names(host, 0xFFFFFFFF81000004) == ["startup_64"]
