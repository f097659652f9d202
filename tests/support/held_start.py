# SPDX-License-Identifier: MIT
"""A program whose start takes long, as that of one on a disk that hangs, or
that a scanner looks at first. For root; others get a PermissionError.

    with HeldStart("/path/of/program") as held:
        ... start it ...
        held.wait()  # until somebody has
"""
import ctypes
import os
import struct
import threading

CLASS_CONTENT, CLOEXEC, MARK_ADD = 0x4, 0x1, 0x1
OPEN_EXEC_PERM = 0x40000
AT_FDCWD = -100
ALLOW = 1
EVENT = "=IBBHQii"

libc = ctypes.CDLL(None, use_errno=True)


def _check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


class HeldStart:
    """Until it is closed, nobody gets to run the program."""

    def __init__(self, path):
        self._group = _check(libc.fanotify_init(CLASS_CONTENT | CLOEXEC,
                                                os.O_RDONLY))
        _check(libc.fanotify_mark(self._group, MARK_ADD,
                                  ctypes.c_uint64(OPEN_EXEC_PERM), AT_FDCWD,
                                  path.encode()))
        self._held = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._hold, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._over.set()
        if self._held.is_set():
            self._thread.join()
        os.close(self._group)

    def wait(self):
        assert self._held.wait(10)

    def _hold(self):
        data = os.read(self._group, 4096)
        fd = struct.unpack_from(EVENT, data)[5]
        self._held.set()
        self._over.wait()
        os.write(self._group, struct.pack("=iI", fd, ALLOW))
        os.close(fd)
