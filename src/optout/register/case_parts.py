"""What a case is made of: who asks, for whom, what was checked, told and decided; and each of them as JSON values.

Everything here holds personal data or may: no repr shows a value. Pictures and documents are kept by name and SHA-256;
their content stays in the office's own files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from optout.errors import OptionError, UnreadableFileError
from optout.schema import CHANNELS
from optout.store import Identity

Part = TypeVar("Part")
Reader: TypeAlias = Callable[[Any], Any]

ITEMS: Final = tuple(each.name for each in fields(Identity))
RIGHTS: Final = {"legal_representative": "法定代理人", "mandatary": "任意代理人"}
_BLOCK: Final = 1 << 20
_SILENT: Final = (None, (), "")


class _Quiet:
    """A part whose repr names its class and nothing else."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


@dataclass(frozen=True, slots=True, repr=False)
class Paper(_Quiet):
    """A sheet, picture or document: what it is called and its SHA-256 (hex).

    Attributes:
        name: File name, without folder.
        sha256: Of its bytes.
    """

    name: str
    sha256: str

    @classmethod
    def of(cls, path: str | Path) -> Paper:
        """The paper in a file; UnreadableFileError when there is none."""
        file, sha = Path(path), hashlib.sha256()
        try:
            with file.open("rb") as opened:
                while block := opened.read(_BLOCK):
                    sha.update(block)
        except OSError as missing:
            raise UnreadableFileError(file.name, "cannot be read", "Check the path.") from missing
        return cls(file.name, sha.hexdigest())


@dataclass(frozen=True, slots=True, repr=False)
class Agent(_Quiet):
    """Who asks for the person (代理人; 政令第13条).

    Attributes:
        right: legal_representative (法定代理人) or mandatary (任意代理人).
        name, address: Of the agent; a blank name is not told yet.
        document: 戸籍謄本, 委任状 …: what the right is shown by.
    """

    right: str
    name: str
    address: str | None = None
    document: Paper | None = None

    def __post_init__(self) -> None:
        words = {**{code: code for code in RIGHTS}, **{word: code for code, word in RIGHTS.items()}}
        if self.right not in words:
            raise OptionError("right of the agent", (*RIGHTS, *RIGHTS.values()))
        object.__setattr__(self, "right", words[self.right])


@dataclass(frozen=True, slots=True, repr=False)
class Keying(_Quiet):
    """What one operator read from a sheet.

    Attributes:
        by: Who keyed it.
        given: What is written there, by this reader.
    """

    by: str
    given: Identity


@dataclass(frozen=True, slots=True, repr=False)
class Scope(_Quiet):
    """How far a stop goes.

    Attributes:
        channels: Which are stopped.
        household: Whether everybody at the address is.
        tenant: Whose list; None = every list.
        entry: Kind of the entry on the list: opt_out, do_not_call, deceased …
    """

    channels: tuple[str, ...] = CHANNELS
    household: bool = False
    tenant: str | None = None
    entry: str = "opt_out"


@dataclass(frozen=True, slots=True, repr=False)
class Check(_Quiet):
    """A check of who asks (本人確認), or of an agent's right (代理権の確認).

    Attributes:
        of: person or agent.
        method: One of `case_rules.methods`; for an agent "document".
        items: Which items were asked for.
        checker: Who checked.
        on: Which day.
        passed: None = asked for, no answer yet.
        document: What was shown, by hash.
    """

    of: Literal["person", "agent"]
    method: str
    items: tuple[str, ...]
    checker: str
    on: date
    passed: bool | None = None
    document: Paper | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Extension(_Quiet):
    """A later due date, with its reason."""

    before: date
    due: date
    reason: str
    by: str
    on: date


@dataclass(frozen=True, slots=True, repr=False)
class Sent(_Quiet):
    """A letter or an answer that went out.

    Attributes:
        letter: acknowledgement, identity, extension, result or refusal.
        to: person, agent or client.
        how: Channel by which it went.
        sha256: Of the text of the letter; None for an answer by word of mouth.
    """

    letter: str
    to: str
    how: str
    by: str
    on: date
    sha256: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Restriction(_Quiet):
    """Kept, but neither used nor provided (C2).

    Attributes:
        requests: What holds it: a stop, and a hold that lets nobody erase the rows.
    """

    requests: tuple[str, ...]
    reason: str
    by: str
    on: date


@dataclass(frozen=True, slots=True, repr=False)
class Ending(_Quiet):
    """Why a case was refused, withdrawn or closed.

    Attributes:
        reason: Of a refusal the code of its ground; otherwise words.
        note: What the letter says beside it.
    """

    reason: str
    by: str
    on: date
    note: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Terms(_Quiet):
    """Under which rules a case was taken (R10).

    Attributes:
        scheme: Tag of the key scheme: normaliser version and tables.
        rules: SHA-256 (hex) over all rule tables.
        policy: Screening policy.
        optout: Version of the program.
        procedure: `Procedure.told`.
    """

    scheme: str
    rules: str
    policy: str
    optout: str
    procedure: Mapping[str, Any] = field(default_factory=dict)


def told(value: object) -> Any:
    """A part, or anything of which it is made, as JSON values; what says nothing is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        pairs = [(each, getattr(value, each.name)) for each in fields(value)]
        return {each.name: told(given) for each, given in pairs if _needed(each) or given not in _SILENT}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): told(given) for name, given in value.items()}
    return [told(each) for each in value] if isinstance(value, list | tuple) else value


def _needed(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def read(kind: type[Part], given: Mapping[str, Any]) -> Part:
    """The part that JSON values tell of; what is not known to this version is passed over."""
    of: type = kind
    known = _readers(of)
    values = {name: value for name, value in given.items() if name in known}
    for name, value in values.items():
        reader = known[name]
        if reader is not None and value is not None:
            values[name] = reader(value)
    return kind(**values)


@cache
def _readers(kind: type) -> dict[str, Reader | None]:
    """Field → what makes its value of a JSON value; None where that is the value itself."""
    hints = get_type_hints(kind)
    return {each.name: _reader(hints[each.name]) for each in fields(kind)}


def _reader(hint: Any) -> Reader | None:
    if get_origin(hint) in (Union, UnionType):
        options = [each for each in get_args(hint) if each is not type(None)]
        return _reader(options[0]) if len(options) == 1 else None
    if hint is date:
        return date.fromisoformat
    if get_origin(hint) is tuple:
        of_one = _reader(get_args(hint)[0])
        return tuple if of_one is None else lambda listed: tuple(map(of_one, listed))
    return partial(read, hint) if isinstance(hint, type) and is_dataclass(hint) else None
