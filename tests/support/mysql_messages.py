# SPDX-License-Identifier: MIT
"""What a server of MySQL sends, packet by packet."""
import struct


def packet(number, body):
    return struct.pack("<I", len(body))[:3] + bytes([number]) + body


def text(value):
    return bytes([len(value)]) + value


EOF = b"\xfe\0\0\x02\0"
OK = b"\0\0\0\x02\0\0\0"
COLUMN = (text(b"def") + text(b"") * 3 + text(b"v") + text(b"")
          + struct.pack("<BHIBHBH", 12, 45, 400, 253, 0, 0, 0))
GREETING = packet(0, (
    b"\x0a10.11.0-MariaDB\0" + struct.pack("<I", 1) + b"12345678\0"
    + struct.pack("<HBHHB", 0xf7fe & ~0x820, 45, 2, 0x81ff & ~0x20, 21)
    + b"\0" * 10 + b"123456789012\0" + b"mysql_native_password\0"))
PREPARED = (packet(1, b"\0" + struct.pack("<IHHBH", 1, 1, 1, 0, 0))
            + packet(2, COLUMN) + packet(3, EOF) + packet(4, COLUMN)
            + packet(5, EOF))
HEAD = packet(1, b"\x01") + packet(2, COLUMN) + packet(3, EOF)
ROWS = HEAD + packet(4, b"\0\0" + text(b"x"))
# To the login, the encoding, the limit, what is prepared and what is asked.
REPLIES = [packet(2, OK), packet(1, OK), packet(1, OK), PREPARED,
           ROWS + packet(5, EOF)]
