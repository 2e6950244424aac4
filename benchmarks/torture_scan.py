"""Every byte that a store's work leaves on disk, searched for the people it was told of.

Planted names, addresses, numbers, mail addresses and days go through every operation (requests of all kinds, lifts,
jobs, a backup and a store made of it, an export and its merge, a rotated key, purges, snapshots kept aside), in a
process whose home, temp folder, log and output lie in one folder; the journal of every commit is copied before it
ends, and where system calls can be recorded whatever was written to a file that is gone is searched as well. They are
looked for in UTF-8, UTF-16, CP932 and EUC-JP, as written, in NFD and in NFKC, each of these also in hex and in base64
at every offset, and as JSON escapes.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import torture_record

CODECS: Final = ("utf-8", "utf-16-le", "utf-16-be", "cp932", "euc_jp")
PLANTED: Final = {
    "name": "標本沢紋次",
    "kana": "ヒョウホンザワ",
    "former": "蒐集院",
    "place": "西新宿九丁目",
    "phone": "090-1234-7391",
    "digits": "09012347391",
    "landline": "03-1234-8462",
    "email": "sentinel7391",
    "birth": "1970-03-07",
    "source": "受付係七号",
    "reason": "標本理由八番",
    "company": "見本紋次商会",
}
COPY: Final = "copy.db"
SENT: Final = "sent.optout"
_SHORTEST: Final = 6  # bytes; shorter needles are found by chance in a file of random bytes


def run(folder: Path, server: Any = None) -> dict[str, Any]:
    """How many files, bytes and needles; every planted value that was found. With a `server`, in all it wrote too."""
    began, since = time.perf_counter(), time.time()
    inside, watched = folder / "store", folder / "watched"
    inside.mkdir()
    watched.mkdir()
    written = _recorded(folder, server.url("scanned") if server else str(inside / "s.db"), watched)
    files = list(_files(since, inside, watched, *([server.folder] if server else [])))
    needles = [(what, needle) for needle, what in {needle: what for what, needle in _needles()}.items()]
    looked_at = [*_contents(files), *written.items()]
    found = [f"{what} in {place}" for place, content in looked_at for what in _found(content, needles)]
    return {
        "engine": "postgresql" if server else "sqlite",
        "files": len(files),
        "writes_recorded": sum(map(bool, written.values())),
        "mb": round(sum(len(content) for _, content in looked_at) / 1e6, 2),
        "needles": len(needles),
        "journals": sum("journal" in file.name and file.stat().st_size > 0 for file in files),
        "seconds": round(time.perf_counter() - began, 1),
        "broken": [*found, *_blind(files, needles, server)],
    }


def _files(since: float, *places: Path) -> Iterator[Path]:
    """Files changed since; the socket of a server is none, nor what a running server removes meanwhile."""
    for place in places:
        for file in sorted(place.rglob("*")):
            with suppress(FileNotFoundError):
                if file.is_file() and file.stat().st_mtime >= since - 1:
                    yield file


def _contents(files: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for file in files:
        with suppress(FileNotFoundError):
            yield str(file), file.read_bytes()


def _recorded(folder: Path, place: str, watched: Path) -> dict[str, bytes]:
    """Let it work in a process of its own; all that was written to any file, also to those that are gone since."""
    homes = {
        name: str(watched)
        for name in ("HOME", "TMPDIR", "TEMP", "TMP", "XDG_DATA_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA")
    }
    environ = os.environ | homes | {"OPTOUT_KEY_DIR": str(watched / "keys"), "POLARS_TEMP_DIR": str(watched)}
    with (watched / "output").open("wb") as output:
        told: dict[str, Any] = {"stdout": output, "stderr": subprocess.STDOUT, "env": environ}
        if torture_record.able() is None:
            events = torture_record.record(folder, "torture_scan", "work", place, str(watched), **told)
        else:
            call = f"import torture_scan; torture_scan.work({place!r}, {str(watched)!r})"
            code = f"import sys; sys.path[:0] = {sys.path!r}; {call}"
            subprocess.run([sys.executable, "-c", code], check=True, **told)
            events = []
    written: dict[str, bytes] = {}
    for event in events:
        written[f"{event.path} (recorded)"] = written.get(f"{event.path} (recorded)", b"") + event.content
    return written


def work(place: str, watched: str) -> None:
    """Every operation the store has, on planted people; a copy of the journal of each commit."""
    logging.basicConfig(filename=Path(watched) / "everything.log", level=logging.DEBUG)
    from optout.screen import cache
    from optout.store import Store
    from optout.store.commit import Commit

    finish = Commit.finish

    def look(self: Commit, action: str, detail: Any) -> Any:
        head = finish(self, action, detail)
        for n, file in enumerate(Path(place).parent.glob("*-journal")):
            (Path(watched) / f"{action.replace(' ', '-')}-{n}-journal").write_bytes(file.read_bytes())
        return head

    Commit.finish = look  # type: ignore[method-assign]
    cache.LEAST = 1  # type: ignore[misc]  # a short list keeps its snapshot aside as well
    with Store.create(place) as store:
        _told(store)
        _kept(store, Path(watched))
    with Store.open(place) as store:
        store.entries()
        store.audit_verify()
        _screened(store)


def _told(store: Any) -> None:
    import polars as pl

    from optout.errors import OptoutError

    (single,) = store.suppress(planted(1)).request_ids
    store.suppress([planted(number) for number in range(2, 300)])
    frame = {
        "氏名": [PLANTED["name"]] * 300,
        "電話番号": [PLANTED["landline"]] * 300,
        "受付方法": [PLANTED["source"]] * 300,
    }
    store.suppress(pl.DataFrame(frame))
    store.lift(single, PLANTED["reason"])
    for state in ("planned", "done"):
        store.save_job("removal", "J-1", state, {"name": PLANTED["name"], "phone": PLANTED["phone"]})
    store.record("export", {"name": PLANTED["name"]})
    for wrong in ([PLANTED["name"]], pl.DataFrame({"x": [PLANTED["name"]]})):
        try:
            store.suppress(wrong)
        except OptoutError as refused:
            print(repr(refused), refused)


def _kept(store: Any, watched: Path) -> None:
    """Whatever makes another file of the list, or writes it anew."""
    from optout.errors import OptoutError
    from optout.screen.snapshot import snapshot
    from optout.store import Store

    snapshot(store)  # of everybody; the purge takes it away
    store.backup(watched / COPY)
    store.export(watched / SENT, store.exchange_key)
    print(repr(store.merge(watched / SENT, sender=store.public_key)))
    store.rotate_key()
    lone, second, *rows = store.active_requests()
    store.lift(lone, PLANTED["reason"])
    for request, force in ((lone, False), (second, True), (rows[-1], True)):
        store.purge(request, PLANTED["reason"], force=force)
    with Store.open(watched / COPY) as copy:
        print(repr(copy), copy.audit_verify(), repr(snapshot(copy)))
    with Store.restore(watched / COPY, watched / "again.db") as again:
        again.settle(accept_loss=PLANTED["reason"])
        print(repr(again), again.behind, again.replay(0)[:1], repr(again.changes(0)), repr(again.at(1)))
    try:
        store.merge(watched / COPY)
    except OptoutError as refused:
        print(repr(refused), refused)


def _screened(store: Any) -> None:
    """A list screened in memory: what it leaves on disk is what is being searched."""
    import polars as pl

    import optout

    frame = pl.DataFrame(
        {"氏名": [PLANTED["name"], "別人 太郎"], "電話番号": [PLANTED["phone"], "03-1234-0000"]}
    )
    result = optout.screen(frame, store)
    print(repr(result), result.verdicts["verdict"].to_list())


def planted(number: int) -> Any:
    """A person of whom every field is looked for."""
    from optout.store import Identity, Request

    return Request(
        name=f"{PLANTED['name']} {number}",
        kana=PLANTED["kana"],
        address=f"東京都新宿区{PLANTED['place']}{number}",
        phones=[PLANTED["phone"], PLANTED["digits"], PLANTED["landline"]],
        emails=f"{PLANTED['email']}@example.com",
        birth_date=PLANTED["birth"],
        company=PLANTED["company"],
        source=PLANTED["source"],
        identities=[Identity(name=PLANTED["former"]), Identity(address=PLANTED["place"])],
    )


def _needles() -> Iterator[tuple[str, bytes]]:
    """What to look for, by a name for it."""
    for what, text in PLANTED.items():
        for form in sorted({text, unicodedata.normalize("NFD", text), unicodedata.normalize("NFKC", text)}):
            if not form.isascii():
                yield f"{what} (JSON)", json.dumps(form)[1:-1].encode()
            for codec in CODECS:
                plain = form.encode(codec, "ignore")
                if len(plain) < _SHORTEST:
                    continue
                yield f"{what} ({codec})", plain
                yield f"{what} ({codec}, hex)", plain.hex().encode()
                yield f"{what} ({codec}, HEX)", plain.hex().upper().encode()
                for offset in range(3):
                    digits = _base64(plain, offset)
                    yield f"{what} ({codec}, base64)", digits
                    yield f"{what} ({codec}, base64url)", digits.translate(bytes.maketrans(b"+/", b"-_"))


def _base64(plain: bytes, offset: int) -> bytes:
    """The digits of base64 that depend on these bytes alone, `offset` bytes after a boundary of three."""
    encoded = base64.b64encode(bytes(offset) + plain)
    return encoded[-(-offset * 8 // 6) : (offset + len(plain)) * 8 // 6]


def _found(content: bytes, needles: list[tuple[str, bytes]]) -> list[str]:
    # A server makes its files longer than what it writes; no needle has so many zeros.
    short = re.sub(rb"\0{64,}", bytes(64), content)
    return [what for what, needle in needles if needle in short]


def _blind(files: list[Path], needles: list[tuple[str, bytes]], server: Any) -> list[str]:
    """Whether this search would find anything: every planted value, in every coding of it."""
    seen = [
        len(_found(shown, needles)) > 0
        for text in PLANTED.values()
        for coded in (text.encode(code) for code in CODECS)
        for shown in (
            coded,
            coded.hex().encode(),
            *(base64.b64encode(b"x" * offset + coded + b"yz") for offset in range(3)),
        )
    ]
    # A server's log of changes goes on in files of the next numbers.
    store = "[0-9A-F]{24}" if server else r"s\.db"
    aside = ("[0-9a-f]{32}" if server else r"s\.db") + r"\.snapshot"
    wanted = (
        store,
        aside,
        re.escape(COPY),
        re.escape(f"{COPY}.snapshot"),
        SENT,
        r"everything\.log",
        "output",
    )
    missing = [name for name in wanted if not any(re.fullmatch(name, file.name) for file in files)]
    return [f"{name} was not searched" for name in missing] + ([] if all(seen) else ["the search is blind"])
