"""TLS records: recognised by their header, and opaque. RFC 8446, section 5.1."""

NAME = "TLS"


def read(data: bytes, size: int) -> str | None:
    # 16 03 01 02 00: handshake, 3.1, 512 bytes   17 03 03 …: application data
    if len(data) < 3 or data[0] not in (0x14, 0x15, 0x16, 0x17) or data[1] != 3 or data[2] > 4:
        return None
    if len(data) >= 5 and not 0 < int.from_bytes(data[3:5], "big") <= (1 << 14) + 2048:
        return None
    return "(encrypted)"
