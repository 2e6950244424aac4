"""What is to go out, to whom and how: read once, then held against every condition."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from optout.errors import OptionError
from optout.register import day, filing, recipient
from optout.register.filing import Filing
from optout.register.ledger import BASES
from optout.register.recipient import Recipient
from optout.schema import CHANNELS, POLICIES
from optout.store import Store

# What becomes of a row whose person refused a channel other than the one it is delivered for.
OTHERS: Final = ("keep", "blank", "refuse")
_LONGEST_ID: Final = 64


@dataclass(frozen=True, slots=True, repr=False)
class Order:
    """A delivery as it was ordered.

    Attributes:
        delivery: 納品番号.
        party: 提供先 as records of provision name it: name, address, representative …
        known: The same as it is registered; None = it is not.
        purpose, channel, policy, basis: As asked.
        method: 提供の方法.
        tenant: Whose own list of stops counts.
        holdings: Names of the holdings it was taken from; None = any registered one.
        others: One of OTHERS.
        on: The day in Japan.
        filing: The filing in force; None = none was ever recorded.
        strict: Everything the register could prove must be proved.
        decoys: Rows to plant.
        encoding: Of the text that goes out; None = as it came.
        read_as: How the file is read: columns, ignore, encoding, sheet.
    """

    delivery: str
    party: Mapping[str, str]
    known: Recipient | None
    purpose: str
    channel: str
    policy: str
    basis: str
    method: str
    tenant: str | None
    holdings: tuple[str, ...] | None
    others: str
    on: date
    filing: Filing | None
    strict: bool
    decoys: int = 0
    encoding: str | None = None
    read_as: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Order {self.delivery}, channel {self.channel}>"

    @property
    def shown(self) -> dict[str, str]:
        """The recipient as a certificate names it; of a registered one no person's name."""
        if self.known is None:
            return dict(self.party)
        return {name: value for name, value in self.party.items() if name != "representative"}


def ordered(
    store: Store,
    recipient_told: str | Mapping[str, str],
    purpose: str,
    channel: str,
    policy: str,
    tenant: str | None,
    *,
    basis: str,
    method: str,
    delivery: str | None,
    holdings: Sequence[str] | None,
    other_channels: str,
    strict: bool,
    decoys: int,
    encoding: str | None,
    read_as: Mapping[str, Any],
) -> Order:
    """Read an order, and what the register knows of its recipient.

    Raises:
        OptionError: a word that means nothing here.
    """
    for what, given, allowed in (
        ("basis", basis, BASES),
        ("other_channels", other_channels, OTHERS),
        ("channel", channel, (*CHANNELS, "any")),
        ("policy", policy, POLICIES),
    ):
        if given not in allowed:
            raise OptionError(what, allowed)
    if decoys < 0:
        raise OptionError("decoys", ("0 or more",))
    known, party = _recipient(store, recipient_told)
    filed = filing.current(store)
    today = day.today(store)
    return Order(
        _delivery(delivery, today),
        party,
        known,
        purpose,
        channel,
        policy,
        basis,
        method,
        tenant if tenant is not None or known is None else known.tenant,
        None if holdings is None else tuple(holdings),
        other_channels,
        today,
        filed,
        # A filing is what a vendor in business has; with it everything else is asked for too (ADR 0021).
        strict or filed is not None,
        decoys,
        encoding if encoding is not None or known is None else known.encoding,
        {name: _plain(value) for name, value in read_as.items() if value},
    )


def _recipient(store: Store, told: str | Mapping[str, str]) -> tuple[Recipient | None, dict[str, str]]:
    party = {"name": told} if isinstance(told, str) else {key: value for key, value in told.items() if value}
    known = recipient.named(store, party.get("id") or party.get("name") or "")
    return known, party if known is None else known.party


def _delivery(given: str | None, today: date) -> str:
    if given is None:
        return f"D-{today:%Y%m%d}-{secrets.token_hex(3)}"
    if not given.strip() or len(given) > _LONGEST_ID or any(sign.isspace() for sign in given):
        raise OptionError(
            "delivery (納品番号)", (f"a text without blanks, at most {_LONGEST_ID} characters",)
        )
    return given


def _plain(value: Any) -> Any:
    """Headers and places as JSON has them."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return value if isinstance(value, str | int) else list(value)
