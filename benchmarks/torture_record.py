"""What a program does to the files of one folder, in order: every write, sync, truncation and change of names.

The program runs in a process of its own under a seccomp filter that reports those system calls to us before they happen
(seccomp_unotify(2), Linux 5.5 and later); nothing is preloaded, SQLite and Python are the product's own. Whether the
record is complete is checked by the reader of it: replayed, it must give the files that are there.
"""

from __future__ import annotations

import array
import ctypes
import os
import platform
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from typing import Any, Final, Literal

Kind = Literal["create", "write", "truncate", "sync", "link", "rename", "unlink"]

# x86-64. Anything that changes a file in a way not told of below ends the recording with an error.

_CALLS: Final = {
    1: "write", 18: "pwrite64",
    2: "open", 257: "openat", 85: "creat", 76: "truncate", 77: "ftruncate", 74: "fsync", 75: "fdatasync",
    82: "rename", 264: "renameat", 316: "renameat2", 86: "link", 265: "linkat", 87: "unlink", 263: "unlinkat",
    20: "writev", 296: "pwritev", 328: "pwritev2", 285: "fallocate", 326: "copy_file_range", 40: "sendfile",
}  # fmt: skip
_UNTOLD: Final = {"writev", "pwritev", "pwritev2", "fallocate", "copy_file_range", "sendfile"}
_AT: Final = {"openat", "renameat", "renameat2", "linkat", "unlinkat"}
_ARCH: Final = 0xC000003E
_RECEIVE: Final = 0xC0502100
_SEND: Final = 0xC0182101
_CONTINUE: Final = 1
_NOTIFY: Final = 0x7FC00000
_ALLOW: Final = 0x7FFF0000

# The recorded process: install the filter, hand its listener over, work.
_CHILD: Final = """
import sys
sys.path[:0] = {path!r}
import socket, torture_record
torture_record.report_to(socket.socket(fileno={handle}))
from {module} import {function} as work
work(*{arguments!r})
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One change; `path` of a file or, for a sync, of a folder. `other` is the new name of a link or rename."""

    kind: Kind
    path: str
    at: int = 0
    content: bytes = b""
    other: str = ""


def able() -> str | None:
    """Why this machine cannot record, or None."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return "recording system calls needs Linux on x86-64"
    probe = subprocess.run(
        [sys.executable, "-c", "import torture_record as t; t.listener()"],
        cwd=Path(__file__).parent,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return "this system does not let a process report its system calls" if probe.returncode else None


def record(folder: Path, module: str, function: str, *arguments: object, **process: Any) -> list[Event]:
    """Run `module.function(*arguments)`; what it did to the files in `folder`, in order. `process`: as for Popen."""
    ours, theirs = socket.socketpair()
    code = _CHILD.format(
        path=[str(Path(__file__).parent), *sys.path],
        handle=theirs.fileno(),
        module=module,
        function=function,
        arguments=arguments,
    )
    child = subprocess.Popen([sys.executable, "-c", code], pass_fds=[theirs.fileno()], **process)
    theirs.close()
    listener = _received(ours)
    events = [event for call in _calls(listener) for event in _meaning(call, str(folder))]
    os.close(listener)
    if child.wait():
        raise RuntimeError(f"the recorded process ended with {child.returncode}")
    return events


def report_to(parent: socket.socket) -> None:
    """In the process to be recorded: from here on its system calls wait for the parent."""
    handle = listener()
    # Sent with sendmsg, which is not filtered.
    socket.send_fds(parent, [b"x"], [handle])
    parent.close()
    os.close(handle)


def listener() -> int:
    """Install the filter in this process; the handle on which its calls are told."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    code = _filter(sorted(_CALLS))
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    handle: int = libc.syscall(317, 1, 8, ctypes.create_string_buffer(program))  # seccomp, NEW_LISTENER
    if handle < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return handle


def _filter(numbers: list[int]) -> bytes:
    load_arch, load_number = (0x20, 0, 0, 4), (0x20, 0, 0, 0)
    n = len(numbers)
    tests = [(0x15, n - position, 0, number) for position, number in enumerate(numbers)]
    lines = [
        load_arch,
        (0x15, 0, n + 1, _ARCH),
        load_number,
        *tests,
        (0x06, 0, 0, _ALLOW),
        (0x06, 0, 0, _NOTIFY),
    ]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _received(ours: socket.socket) -> int:
    _, handles, _, _ = socket.recv_fds(ours, 1, 1)
    ours.close()
    return handles[0]


@dataclass(slots=True)
class _Call:
    pid: int
    name: str
    arguments: tuple[int, ...]

    def path(self, position: int, folder_at: int | None) -> str:
        """A path argument, absolute."""
        raw = self.text(self.arguments[position])
        handle = -100 if folder_at is None else ctypes.c_int(self.arguments[folder_at]).value
        base = self.own("cwd") if handle == -100 else self.own(f"fd/{handle}")
        return os.path.normpath(raw if raw.startswith("/") else base.readlink() / raw)

    def own(self, name: str) -> Path:
        """What the system tells of the process."""
        return Path(f"/proc/{self.pid}/{name}")

    def text(self, address: int) -> str:
        """A C string of the process."""
        with self.own("mem").open("rb", 0) as memory:
            memory.seek(address)
            left = 4096 - address % 4096
            content = memory.read(left)
            if b"\0" not in content:
                content += memory.read(4096)
        return os.fsdecode(content.split(b"\0")[0])

    def content(self, address: int, size: int) -> bytes:
        """Bytes of the process."""
        with self.own("mem").open("rb", 0) as memory:
            memory.seek(address)
            return memory.read(size)

    def file(self) -> str:
        """The file that argument 0 is a handle of."""
        return str(self.own(f"fd/{self.arguments[0]}").readlink())

    def position(self) -> int:
        """Where a plain write goes."""
        fields = dict(
            line.split(":\t")
            for line in self.own(f"fdinfo/{self.arguments[0]}").read_text().splitlines()
            if ":\t" in line
        )
        if int(fields["flags"], 8) & os.O_APPEND:
            return self.own(f"fd/{self.arguments[0]}").stat().st_size
        return int(fields["pos"])


def _calls(handle: int) -> Iterator[_Call]:
    """Every reported call; it happens when the next one is asked for."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    while True:
        if poll.poll()[0][1] & (select.POLLHUP | select.POLLERR):
            return
        buffer = array.array("B", bytes(80))
        with suppress(FileNotFoundError):  # it was killed meanwhile
            ioctl(handle, _RECEIVE, buffer, True)
            token, pid, _, number, _, _, *arguments = struct.unpack("QIIiIQ6Q", buffer.tobytes())
            yield _Call(pid, _CALLS[number], tuple(arguments))
            ioctl(handle, _SEND, struct.pack("QqiI", token, 0, 0, _CONTINUE))


def _meaning(call: _Call, folder: str) -> Iterator[Event]:

    event = _MEANING.get(call.name, _of_handle)(call)
    if event is not None and any(path.startswith(folder) for path in (event.path, event.other) if path):
        if call.name in _UNTOLD:
            raise RuntimeError(f"{call.name} on {event.path} is not understood")
        yield event


def _of_handle(call: _Call) -> Event | None:
    try:
        path = call.file()
    except OSError:
        return None  # not an open handle: the call will fail
    if call.name == "ftruncate":
        return Event("truncate", path, call.arguments[1])
    if call.name in ("fsync", "fdatasync"):
        return Event("sync", path)
    if call.name in _UNTOLD or not path.startswith("/") or path.startswith("/dev/"):
        return Event("write", path)
    at = call.arguments[3] if call.name == "pwrite64" else call.position()
    return Event("write", path, at, call.content(call.arguments[1], call.arguments[2]))


def _open(call: _Call) -> Event | None:
    at = call.name == "openat"
    flags = os.O_CREAT | os.O_TRUNC if call.name == "creat" else call.arguments[2 if at else 1]
    path = call.path(1 if at else 0, 0 if at else None)
    if flags & os.O_CREAT and not os.path.lexists(path):
        return Event("create", path)
    if flags & os.O_TRUNC and flags & 3 and Path(path).exists():
        return Event("truncate", path, 0)
    return None


def _names(kind: Kind) -> Callable[[_Call], Event | None]:
    def meaning(call: _Call) -> Event | None:
        at = call.name in _AT
        old = call.path(1 if at else 0, 0 if at else None)
        new = "" if kind == "unlink" else call.path(3 if at else 1, 2 if at else None)
        happens = os.path.lexists(old) and not (kind == "link" and os.path.lexists(new))
        return Event(kind, old, other=new) if happens else None

    return meaning


def _truncate(call: _Call) -> Event | None:
    return Event("truncate", call.path(0, None), call.arguments[1])


_MEANING: Final[dict[str, Callable[[_Call], Event | None]]] = {
    "open": _open, "openat": _open, "creat": _open, "truncate": _truncate,
    "rename": _names("rename"), "renameat": _names("rename"), "renameat2": _names("rename"),
    "link": _names("link"), "linkat": _names("link"),
    "unlink": _names("unlink"), "unlinkat": _names("unlink"),
}  # fmt: skip
