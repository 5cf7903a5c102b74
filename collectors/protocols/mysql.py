"""MySQL's client packets: the statement of COM_QUERY and COM_STMT_PREPARE; of the others their name.

https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
"""

from perfdoctor.collectors.protocols import sql

NAME = "MySQL"
PORT = 3306
_QUERY, _PREPARE = 0x03, 0x16
_COMMANDS = {
    0x01: "(end of the session)", 0x02: "(use a database)", 0x0E: "(ping)", 0x11: "(change user)", 0x17: "(execute)",
    0x19: "(close statement)", 0x1A: "(reset statement)", 0x1C: "(fetch)", 0x1F: "(reset connection)",
}  # fmt: skip
_FIXED = {0x01: 1, 0x0E: 1, 0x19: 5, 0x1A: 5, 0x1C: 9, 0x1F: 1}


def read(data: bytes, size: int) -> str | None:
    if len(data) < 5:
        return None
    length, sequence, command = int.from_bytes(data[:3], "little"), data[3], data[4]
    if length == 0 or length + 4 > size:
        return None
    if sequence == 1 and length + 4 == size and length >= 32 and not any(data[13:36]) and len(data) >= 36:
        return "(start of a session)"  # HandshakeResponse41: 23 zero bytes
    if sequence:
        return None
    if command in (_QUERY, _PREPARE):
        text = data[5 : 4 + length].decode("utf-8", "replace")
        if not sql.begins_statement(text):
            return None
        return sql.shape(text, sql.Dialect.MYSQL, whole=length + 4 <= len(data))
    if length + 4 != size or _FIXED.get(command, length) != length:
        return None
    return _COMMANDS.get(command)
