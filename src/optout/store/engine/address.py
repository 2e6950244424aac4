"""Where a store on a server is: what an address "postgresql://..." says, and how it is shown without its secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from optout.errors import OptionError
from optout.store.engine import Location

SCHEMA: Final = "optout"
# What may be shown; whatever else an address holds (password, sslpassword, options ...) is left out.
_SHOWN: Final = (
    *("service", "hostaddr", "sslmode", "sslrootcert", "sslcert", "channel_binding"),
    *("target_session_attrs", "passfile"),
)
# An office's network drops what is idle, and a server may be gone: neither must look like work for hours.
_USUAL: Final = {
    "fallback_application_name": "optout",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "tcp_user_timeout": 60_000,
}
_SECRET: Final = ("password", "sslpassword", "oauth_client_secret")
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_MEANT: Final = (
    'an address such as "postgresql://user@host/database?schema=optout"',
    "a mapping of its parts (host, port, dbname, user, password, schema ...)",
)
_SCHEMAS: Final = ("a name of small letters, digits and _, at most 63",)


@dataclass(frozen=True, slots=True)
class Address:
    """A schema of a database.

    Attributes:
        conninfo: For libpq, secrets included.
        schema: The namespace of the store.
        shown: The address without secrets; it can be given again where the password comes from elsewhere.
    """

    conninfo: str = field(repr=False)
    schema: str
    shown: str

    @classmethod
    def read(cls, location: Location) -> Address:
        """Read an address or its parts; OptionError, which never quotes it, when it cannot be one."""
        try:
            parts = _of_mapping(location) if isinstance(location, Mapping) else _of_text(location)
            schema = str(parts.pop("schema", None) or SCHEMA)
            conninfo = make_conninfo(**{**_USUAL, **parts, "client_encoding": "UTF8"})
        except (psycopg.Error, TypeError, ValueError, AttributeError):
            raise OptionError("path", _MEANT) from None
        if not _NAME.fullmatch(schema) or schema.startswith("pg_") or schema == "information_schema":
            raise OptionError("schema", _SCHEMAS)
        return cls(conninfo, schema, _shown(parts, schema))

    def without_secrets(self, told: str) -> str:
        """What a server told, unless it repeats a secret."""
        parts = conninfo_to_dict(self.conninfo)
        secrets = [str(parts[name]) for name in _SECRET if parts.get(name)]
        return "refused" if any(secret in told for secret in secrets) else told


def _of_text(location: str | Path) -> dict[str, Any]:
    # libpq knows no parameter of this name, and refuses what it does not know.
    base, _, query = str(location).partition("?")
    said = [pair.partition("=") for pair in query.split("&") if pair]
    rest = "&".join(f"{name}={value}" for name, _, value in said if name != "schema")
    parts = dict(conninfo_to_dict(f"{base}?{rest}" if rest else base))
    schemas = [unquote(value) for name, _, value in said if name == "schema"]
    return {**parts, **({"schema": schemas[-1]} if schemas else {})}


def _of_mapping(location: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in location.items() if value is not None}
    url = given.pop("url", None)
    return {**(_of_text(url) if url else {}), **given}


def _shown(parts: Mapping[str, Any], schema: str) -> str:
    host, port = str(parts.get("host", "")), str(parts.get("port", ""))
    user = f"{quote(str(parts['user']), safe='')}@" if "user" in parts else ""
    socket = host.startswith("/")  # a folder has no place before the path
    server = "" if socket else quote(host, safe=",:[]") + (f":{port}" if port else "")
    query = {"host": host, "port": port} if socket else {}
    query |= {name: str(parts[name]) for name in _SHOWN if name in parts} | {"schema": schema}
    told = urlencode({name: value for name, value in query.items() if value}, safe="/", quote_via=quote)
    return f"postgresql://{user}{server}/{quote(str(parts.get('dbname', '')), safe='')}?{told}"
