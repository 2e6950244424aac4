from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from optout.store import Request, Store

WRITERS, EACH = 4, 20
Where = Path | str

_WRITER = """
import sys
from optout.store import Request, Store
path, who, each = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Store.open(path) as store:
    for n in range(each):
        receipt = store.suppress(Request(name=f"見本 {who}", phones=f"090-1234-{n:04}"))
        print(receipt.request_ids[0], receipt.revision)
"""


def test_writers_in_several_processes_share_one_gapless_count(path: Where, apart: Any) -> None:
    Store.create(path).close()
    with ExitStack() as stack:
        writers = [stack.enter_context(apart(_WRITER, path, who, EACH)) for who in range(WRITERS)]
        lines = [line.split() for writer in writers for line in writer.stdout]
    assert [writer.returncode for writer in writers] == [0] * WRITERS
    assert sorted(int(revision) for _, revision in lines) == list(range(1, WRITERS * EACH + 1))
    with Store.open(path) as store:
        assert set(store.active_requests()) == {request_id for request_id, _ in lines}
        assert store.audit_verify() == WRITERS * EACH + 1


def test_two_processes_with_the_same_request_record_it_once(path: Where, apart: Any) -> None:
    Store.create(path).close()
    with ExitStack() as stack:
        writers = [stack.enter_context(apart(_WRITER, path, "same", 5)) for _ in range(2)]
        first, second = ([line.split()[0] for line in writer.stdout] for writer in writers)
    assert first == second
    with Store.open(path) as store:
        assert (store.revision, store.active_requests()) == (5, first)


def test_threads_take_turns(store: Store) -> None:
    revisions: list[int] = []

    def write(who: int) -> None:
        for n in range(10):
            revisions.append(store.suppress(Request(name=f"見本 {who}", phones=f"090-1234-{n:04}")).revision)
            assert store.entries()[1].height == store.revision or store.revision >= revisions[-1]

    threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(revisions) == list(range(1, 41))
    assert store.entries()[1].height == 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_opens_the_file_for_itself(store: Store, path: Where) -> None:
    store.record("parent", {})
    child = os.fork()
    if child == 0:
        try:
            store.record("child", {})
            os._exit(0 if store.head.audit_n == 3 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.record("parent", {})
    assert store.audit_verify() == 4


_MANY = """
import sys
from optout.store import Request, Store, bulk
bulk.BLOCK = 16
with Store.open(sys.argv[1]) as store:
    for n in range(6):
        many = [Request(name=f"{sys.argv[2]} {n}", phones=f"090-1234-{k:04}") for k in range(40)]
        print(store.suppress(many).revision)
"""


def test_no_reader_ever_sees_half_a_commit(path: Where, apart: Any) -> None:
    Store.create(path).close()
    with Store.open(path) as store, ExitStack() as stack:
        writers = [stack.enter_context(apart(_MANY, path, who)) for who in ("見本", "例示")]
        seen = 0
        while seen < 12 or any(writer.poll() is None for writer in writers):
            revision, entries = store.entries()
            assert entries.height == 40 * revision
            assert revision >= seen
            seen = revision
            assert all(writer.poll() in (None, 0) for writer in writers)
    with Store.open(path) as again:
        assert again.audit_verify() == 13
