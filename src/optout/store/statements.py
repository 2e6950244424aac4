"""Every statement of the log, in words both engines know; values are bound where a `?` stands.

The engine of PostgreSQL puts its own placeholders and types in. Whoever writes holds the lock of `head`.
"""

from __future__ import annotations

from typing import Final

TABLES: Final = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE head(
    id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, rev INTEGER NOT NULL, seq INTEGER NOT NULL,
    audit_n INTEGER NOT NULL, audit_hash BLOB NOT NULL, mac BLOB NOT NULL);
CREATE TABLE dek(
    dek_id INTEGER PRIMARY KEY, tenant TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('block', 'record', 'mac')),
    kek_id INTEGER NOT NULL, alg TEXT NOT NULL, wrapped BLOB NOT NULL, created TEXT NOT NULL,
    retired TEXT, seals INTEGER NOT NULL);
CREATE TABLE block(
    seq INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, tenant TEXT NOT NULL, rev INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('add', 'lift', 'amend')),
    codec TEXT NOT NULL CHECK (codec IN ('js', 'pq')),
    n INTEGER NOT NULL, dek_id INTEGER NOT NULL REFERENCES dek(dek_id),
    sha256 BLOB NOT NULL, data BLOB NOT NULL);
CREATE INDEX block_lift ON block(seq) WHERE kind = 'lift';
CREATE TABLE request_key(
    tenant TEXT NOT NULL, key BLOB NOT NULL, rev INTEGER NOT NULL, PRIMARY KEY (tenant, key));
CREATE TABLE audit(
    n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, rev INTEGER NOT NULL, ts TEXT NOT NULL,
    actor TEXT NOT NULL, action TEXT NOT NULL, purpose TEXT NOT NULL, content BLOB NOT NULL,
    dek_id INTEGER NOT NULL REFERENCES dek(dek_id),
    detail BLOB NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE checkpoint(
    n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, audit_n INTEGER NOT NULL, audit_hash BLOB NOT NULL,
    ts TEXT NOT NULL, key_id TEXT NOT NULL, signature BLOB NOT NULL, token BLOB);
CREATE TABLE job(
    job_id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, rev INTEGER NOT NULL,
    updated TEXT NOT NULL, dek_id INTEGER NOT NULL REFERENCES dek(dek_id), payload BLOB NOT NULL);
"""
# Only ever added to; the database itself refuses anything else.
FOREVER: Final = ("block", "audit", "checkpoint")
# What the checks record beside the list, a version a row; a part of a frame has a row of its own before it.
RECORDS: Final = """
CREATE TABLE record(
    n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, rev INTEGER NOT NULL, tenant TEXT NOT NULL,
    kind TEXT NOT NULL, record_id TEXT NOT NULL, part TEXT NOT NULL,
    dek_id INTEGER NOT NULL REFERENCES dek(dek_id), sha256 BLOB NOT NULL, data BLOB NOT NULL);
"""
# Imported address tables, public and in the clear, by the SHA-256 that a sealed block names.
PLACE: Final = "CREATE TABLE place(sha256 BLOB PRIMARY KEY, data BLOB NOT NULL)"

META: Final = "SELECT key, value FROM meta"
ADD_META: Final = "INSERT INTO meta(key, value) VALUES (?, ?)"
SET_META: Final = "UPDATE meta SET value = ? WHERE key = ?"

HEAD: Final = "SELECT epoch, rev, seq, audit_n, audit_hash, mac FROM head WHERE id = 1"
ADD_HEAD: Final = (
    "INSERT INTO head(id, epoch, rev, seq, audit_n, audit_hash, mac) VALUES (1, ?, ?, ?, ?, ?, ?)"
)
MOVE_HEAD: Final = (
    "UPDATE head SET epoch = ?, rev = ?, seq = ?, audit_n = ?, audit_hash = ?, mac = ? WHERE id = 1"
)

DEKS: Final = "SELECT dek_id, wrapped FROM dek"
MAC_DEK: Final = "SELECT wrapped FROM dek WHERE purpose = 'mac'"
CURRENT_DEK: Final = (
    "SELECT dek_id, wrapped FROM dek "
    "WHERE tenant = ? AND purpose = ? AND retired IS NULL AND seals < ? ORDER BY dek_id DESC LIMIT 1"
)
COUNT_SEAL: Final = "UPDATE dek SET seals = seals + 1 WHERE dek_id = ?"
NEXT_DEK: Final = "SELECT coalesce(max(dek_id), 0) + 1, coalesce(max(kek_id), 1) FROM dek"
REWRAP_DEK: Final = "UPDATE dek SET wrapped = ?, kek_id = kek_id + 1 WHERE dek_id = ?"
RETIRE_DEKS: Final = "UPDATE dek SET retired = ? WHERE purpose <> 'mac' AND retired IS NULL"
RETIRE_USED: Final = "UPDATE dek SET retired = ? WHERE tenant = ? AND purpose = ? AND retired IS NULL"
ADD_DEK: Final = (
    "INSERT INTO dek(dek_id, tenant, purpose, kek_id, alg, wrapped, created, retired, seals) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, NULL, 0)"
)

BLOCKS: Final = (
    "SELECT seq, epoch, tenant, rev, kind, codec, n, dek_id, sha256, data FROM block "
    "WHERE seq > ? AND seq <= ? ORDER BY seq"
)
# Every block is looked at, the lifts are read: an index that lost a row would hide a lift.
LIFTS: Final = (
    "SELECT seq, epoch, tenant, rev, kind, codec, n, dek_id, sha256, "
    "CASE WHEN kind = 'lift' THEN data END FROM block WHERE seq > ? AND seq <= ? ORDER BY seq"
)
# There are no more revisions than blocks, so none stands before its number.
FIRST_ADDED: Final = (
    "SELECT seq, epoch, tenant, rev, kind, codec, n, dek_id, sha256, data FROM block "
    "WHERE seq >= ? AND rev = ? AND kind = 'add' ORDER BY seq LIMIT 1"
)
SUMS: Final = "SELECT seq, rev, sha256, data FROM block ORDER BY seq"
ALL_BLOCKS: Final = (
    "SELECT seq, epoch, tenant, rev, kind, codec, n, dek_id, sha256, data FROM block ORDER BY seq"
)
AMENDS: Final = (
    "SELECT seq, epoch, tenant, rev, kind, codec, n, dek_id, sha256, data FROM block "
    "WHERE kind = 'amend' ORDER BY seq"
)
RESEAL_BLOCK: Final = "UPDATE block SET n = ?, dek_id = ?, sha256 = ?, data = ? WHERE seq = ?"
ADD_BLOCK: Final = (
    "INSERT INTO block(seq, epoch, tenant, rev, kind, codec, n, dek_id, sha256, data) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

REQUEST: Final = "SELECT rev FROM request_key WHERE tenant = ? AND key = ?"
REQUEST_REVISIONS: Final = "SELECT rev FROM request_key ORDER BY rev"
SUPPRESSED: Final = "SELECT rev FROM audit WHERE action = 'suppress' AND content <> ? ORDER BY n"
ADD_REQUEST: Final = "INSERT INTO request_key(tenant, key, rev) VALUES (?, ?, ?)"

AUDIT: Final = (
    "SELECT n, epoch, rev, ts, actor, action, purpose, content, detail, prev, hash FROM audit ORDER BY n"
)
AUDIT_TIMES: Final = "SELECT rev, ts FROM audit WHERE n > ? ORDER BY n DESC"
ADD_AUDIT: Final = (
    "INSERT INTO audit(n, epoch, rev, ts, actor, action, purpose, content, dek_id, detail, prev, hash) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

# `|| ''` keeps the index out: one that lost a row would hide a job.
JOB: Final = "SELECT kind, state, dek_id, payload FROM job WHERE job_id || '' = ?"
JOB_SUMS: Final = "SELECT job_id, payload FROM job"
# Newest first: what may tell of a job, and so has another content than none at all.
JOB_AUDIT: Final = (
    "SELECT n, epoch, content, dek_id, detail FROM audit "
    "WHERE content <> ? AND action NOT IN ('suppress', 'lift', 'purge', 'import tables', 'merge') ORDER BY n DESC"
)
JOBS: Final = "SELECT job_id, state FROM job WHERE kind = ? ORDER BY updated, job_id"
KEEP_JOB: Final = (
    "INSERT INTO job(job_id, kind, state, rev, updated, dek_id, payload) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT(job_id) DO UPDATE SET kind = excluded.kind, state = excluded.state, "
    "rev = excluded.rev, updated = excluded.updated, dek_id = excluded.dek_id, payload = excluded.payload"
)

RECORDED: Final = (
    "SELECT n, epoch, rev, tenant, kind, record_id, part, dek_id, sha256, CASE WHEN part = '' THEN data END "
    "FROM record WHERE n > ? ORDER BY n"
)
RECORD_PARTS: Final = (
    "SELECT n, epoch, rev, tenant, kind, record_id, part, dek_id, sha256, data FROM record "
    "WHERE n >= ? AND n <= ? ORDER BY n"
)
ALL_RECORDS: Final = (
    "SELECT n, epoch, rev, tenant, kind, record_id, part, dek_id, sha256, data FROM record ORDER BY n"
)
ADD_RECORD: Final = (
    "INSERT INTO record(n, epoch, rev, tenant, kind, record_id, part, dek_id, sha256, data) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
EMPTY_RECORD: Final = "UPDATE record SET data = ? WHERE n = ?"
LAST_AUDIT: Final = "SELECT epoch, dek_id, detail FROM audit WHERE n = ?"

PLACED: Final = "SELECT data FROM place WHERE sha256 = ?"
ADD_PLACED: Final = "INSERT INTO place(sha256, data) VALUES (?, ?) ON CONFLICT(sha256) DO NOTHING"

# Whole tables, for a copy of a store: what to read and how to write it, in this order; no index is asked.
COPIED: Final = {
    "meta": ("SELECT key, value FROM meta ORDER BY key", ADD_META),
    "dek": (
        "SELECT dek_id, tenant, purpose, kek_id, alg, wrapped, created, retired, seals FROM dek ORDER BY dek_id",
        "INSERT INTO dek(dek_id, tenant, purpose, kek_id, alg, wrapped, created, retired, seals) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    "block": (ALL_BLOCKS, ADD_BLOCK),
    "request_key": ("SELECT tenant, key, rev FROM request_key ORDER BY rev", ADD_REQUEST),
    "audit": (
        "SELECT n, epoch, rev, ts, actor, action, purpose, content, dek_id, detail, prev, hash FROM audit ORDER BY n",
        ADD_AUDIT,
    ),
    "checkpoint": (
        "SELECT n, epoch, audit_n, audit_hash, ts, key_id, signature, token FROM checkpoint ORDER BY n",
        "INSERT INTO checkpoint(n, epoch, audit_n, audit_hash, ts, key_id, signature, token) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    "job": ("SELECT job_id, kind, state, rev, updated, dek_id, payload FROM job ORDER BY updated", KEEP_JOB),
    "head": ("SELECT epoch, rev, seq, audit_n, audit_hash, mac FROM head", ADD_HEAD),
}
COPIED_RECORDS: Final = (ALL_RECORDS, ADD_RECORD)
COPIED_PLACES: Final = ("SELECT sha256, data FROM place", ADD_PLACED)
AUDIT_HASH: Final = "SELECT hash FROM audit WHERE n = ?"
PURGED: Final = "SELECT 1 FROM audit WHERE n > ? AND substr(action, 1, 5) = 'purge' LIMIT 1"
