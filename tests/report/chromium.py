"""A headless Chromium over a pipe: opens a page of the disk, says what happened, takes a picture."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SECONDS = 30.0
# Wider than the window, below its lower edge by a clipped overflow, or cut off inside its own box.
_OVERFLOWING = """
(() => {
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  const out = [...document.querySelectorAll('body *')].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width && (box.right > window.innerWidth + 1 || box.left < -1);
  }).map(e => e.tagName + ' ' + (e.textContent || '').trim().slice(0, 30));
  const paper = document.querySelector('.paper').getBoundingClientRect();
  const cells = [...document.querySelectorAll('td, th, h1, h2, p, dd')].filter(e =>
    e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > paper.right + 1
  ).map(e => e.tagName + ' ' + e.textContent.trim().slice(0, 30));
  const drawn = [...document.querySelectorAll('svg')].flatMap(svg => {
    const frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(t => {
      const box = t.getBoundingClientRect();
      return box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1;
    }).map(t => 'text ' + t.textContent);
  });
  return [...(wide > 0 ? ['page ' + wide] : []), ...out, ...cells, ...drawn];
})()
"""


def binary() -> str | None:
    """Path of a Chromium, or None; none on Windows, where descriptors cannot be handed over so."""
    if os.name == "nt":
        return None
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _high(descriptor: int) -> int:
    """The same under a number that the browser's own two cannot be."""
    import fcntl  # not on Windows

    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return copy


@dataclass
class Seen:
    """What a page did.

    Attributes:
        overflowing: What does not fit.
        errors: Lines of the console and of the log, and exceptions.
        requests: Addresses it asked for, the page itself left out.
    """

    overflowing: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


class Chromium:
    """A browser of its own folder; close it, or use `with`."""

    def __init__(self, path: str, home: Path) -> None:
        from_us, self._out = map(_high, os.pipe())
        self._in, to_us = map(_high, os.pipe())
        options = [
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
            *(
                "--no-first-run",
                "--disable-extensions",
                "--disable-background-networking",
                "--no-proxy-server",
            ),
            *("--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={home}", "--remote-debugging-pipe"),
        ]
        # The browser reads from descriptor 3 and writes to 4.
        silent = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
        joined = [(os.POSIX_SPAWN_DUP2, from_us, 3), (os.POSIX_SPAWN_DUP2, to_us, 4)]
        arguments = [path, *options, "about:blank"]
        self._pid = os.posix_spawn(path, arguments, dict(os.environ), file_actions=[*silent, *joined])
        os.close(from_us)
        os.close(to_us)
        self._read, self._count = b"", itertools.count(1)
        self._events: list[dict[str, Any]] = []
        self._session: str | None = None
        targets = self.ask("Target.getTargets")["targetInfos"]
        [page] = [target["targetId"] for target in targets if target["type"] == "page"]
        self._session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGTERM)
        os.waitpid(self._pid, 0)
        os.close(self._out)
        os.close(self._in)

    def open(self, page: Path, width: int, height: int = 1000, paper: bool = False) -> Seen:
        """Load a page of the disk in a window of this size, as a screen or a printer shows it."""
        self._events.clear()
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.ask("Emulation.setEmulatedMedia", media="print" if paper else "screen")
        address = page.resolve().as_uri()
        self.ask("Page.navigate", url=address)
        self._until("Page.loadEventFired")
        seen = Seen(overflowing=self.evaluate(_OVERFLOWING))
        for event in self._events:
            told = event.get("params", {})
            if event["method"] == "Network.requestWillBeSent" and told["request"]["url"] != address:
                seen.requests.append(told["request"]["url"])
            elif event["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                seen.errors.append(json.dumps(told)[:300])
        return seen

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.ask("Runtime.evaluate", expression=script, returnByValue=True)["result"]["value"]

    def picture(self) -> bytes:
        """The whole page as PNG."""
        told = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        return base64.b64decode(told["data"])

    def pdf(self) -> bytes:
        """The page as it prints on A4."""
        told = self.ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(told["data"])

    def ask(self, method: str, **params: Any) -> Any:
        """One command of the DevTools protocol and its answer."""
        number = next(self._count)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == number:
                assert "error" not in told, told
                return told["result"]
            self._events.append(told)

    def _until(self, method: str) -> None:
        while not any(event.get("method") == method for event in self._events):
            self._events.append(self._next())

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + SECONDS
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
            block = os.read(self._in, 1 << 20) if ready else b""
            assert block, "the browser says nothing"
            self._read += block
        message, self._read = self._read.split(b"\0", 1)
        found: dict[str, Any] = json.loads(message)
        return found
