from __future__ import annotations

from typing import Any

from optout.store import Request, Store

Row = tuple[int, int, str, str, str]


def rows(by_hand: Any) -> list[Row]:
    found: list[Row] = by_hand.ask("SELECT n, rev, actor, action, purpose FROM audit ORDER BY n")
    return found


def test_every_commit_leaves_one_row_that_names_who_and_what_for(by_hand: Any) -> None:
    with Store.create(by_hand.path, actor="tester", purpose="test") as store:
        (request_id,) = store.suppress(Request(phones="090-1234-5678")).request_ids
        store.suppress(Request(phones="090-1234-5678"))
        store.lift(request_id, "本人の申出")
        store.record("export", {"rows": 3})
        store.save_job("removal", "J-1", "planned", {})
        assert store.audit_verify() == store.head.audit_n == 5
    actions = ["create", "suppress", "lift", "export", "job removal planned"]
    revisions = [0, 1, 2, 2, 2]
    assert rows(by_hand) == [
        (n, rev, "tester", action, "test")
        for n, (rev, action) in enumerate(zip(revisions, actions, strict=True), 1)
    ]


def test_the_actor_is_the_os_user_unless_given(by_hand: Any) -> None:
    Store.create(by_hand.path).close()
    ((_, _, actor, _, purpose),) = rows(by_hand)
    assert actor
    assert purpose == "unspecified"


def test_the_head_names_epoch_revision_and_the_audit(store: Store) -> None:
    epoch, revision, audit_n, audit_hash = store.head
    assert (epoch, revision, audit_n, len(audit_hash)) == (1, 0, 1, 32)
    store.record("read", {})
    assert store.head[:3] == (1, 0, 2)
    assert store.head.audit_hash != audit_hash


def test_seals_are_counted_per_key(by_hand: Any) -> None:
    with Store.create(by_hand.path) as store:
        store.suppress(Request(phones="090-1234-5678"))
        store.suppress(Request(phones="090-1234-5678", tenant="client-a"))
        store.suppress(Request(phones="090-1234-0000"))
    counted = by_hand.ask("SELECT tenant, purpose, seals FROM dek ORDER BY dek_id")
    assert counted == [("", "mac", 0), ("", "record", 4), ("", "block", 2), ("client-a", "block", 1)]


def test_a_used_up_key_is_followed_by_another(by_hand: Any) -> None:
    with Store.create(by_hand.path) as store:
        first = store.suppress(Request(phones="090-1234-5678")).request_ids
        by_hand.do("UPDATE dek SET seals = 4294967296 WHERE purpose = 'block'")
        second = store.suppress(Request(phones="090-1234-0000")).request_ids
    with Store.open(by_hand.path) as again:
        assert again.active_requests() == first + second
