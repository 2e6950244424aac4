"""The keyring of the operating system (Keychain, Credential Locker, Secret Service), the extra `optout[keyring]`.

Where the extra is not installed, or no keyring answers, there is no key here: an office without one loses nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from optout.errors import OptionError, StoreError

SERVICE: Final = "optout"
PLACE: Final = "keyring of the operating system (optout[keyring])"


def read(name: str) -> str | None:
    """What is kept under a name; None when nothing is, or no keyring can be asked."""
    try:
        import keyring
    except ImportError:
        return None
    # Backends raise what their platform raises; a keyring that does not answer has no key.
    with suppress(Exception):
        return keyring.get_password(SERVICE, name)
    return None


def keep(name: str, root: bytes) -> None:
    """Put a key under a name, and read it back before this returns.

    Raises:
        OptionError: the extra is not installed.
        StoreError: no keyring took it, or another key stands there.
    """
    try:
        import keyring
    except ImportError:
        raise OptionError("keyring", ("the extra: pip install 'optout[keyring]'",)) from None
    if read(name) not in (None, root.hex()):
        raise StoreError(f"The keyring holds another key under {name}. Nothing was changed.")
    with suppress(Exception):
        keyring.set_password(SERVICE, name, root.hex())
    if read(name) != root.hex():
        raise StoreError("The keyring of the operating system did not take the key. Keep it in a file.")
