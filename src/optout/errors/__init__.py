"""Every error optout raises: one tree, an exit code per class, a next step in each message.

    OptoutError                      1
    ├── InputError                  10  what was handed in cannot be used
    │   ├── UnreadableFileError     11
    │   │   └── TableFileError      23
    │   │       └── OlderTableError 24
    │   ├── EmptyBatchError         12
    │   ├── UnknownColumnError      13
    │   ├── AmbiguousColumnError    14
    │   ├── MissingColumnError      15
    │   ├── SensitiveColumnError    16
    │   ├── UnencodableError        17
    │   ├── OptionError             18
    │   ├── UndecidedEncodingError  19
    │   ├── UndecidedSheetError     20
    │   ├── HeaderMissingError      21
    │   ├── UnsafeWorkbookError     22
    │   └── LabelsError             25  review decisions that cannot be used
    ├── TableError                  30  a packaged rule table is damaged
    │   └── KeySchemeError          31
    ├── StoreError                  40  the suppression list
    │   ├── StoreMissingError       41
    │   ├── StoreExistsError        42
    │   ├── StoreDamagedError       43
    │   ├── StoreBusyError          44
    │   ├── StoreFailedError        45
    │   ├── KeyMissingError         46
    │   ├── WrongKeyError           47
    │   ├── EmptyStoreError         48
    │   ├── UnknownRequestError     49
    │   └── NotErasedError          50
    └── CheckError                  60  one of the three checks said no
        ├── ConservationError       61
        ├── SeedMissedError         62
        ├── StalePlanError          63
        ├── HoldingLockedError      64
        ├── HoldingChangedError     65
        ├── OpenQuestionsError      66
        ├── DeliveryRefused         67
        ├── CertificateError        68
        └── WriteFailedError        69

Exit code 2 is the command line's own (wrong usage). Messages carry counts, column names, row numbers and
rule ids, never a value from a row: whoever logs an error must not log a person.
"""

from __future__ import annotations

from optout.errors.check import (
    CertificateError,
    CheckError,
    ConservationError,
    DeliveryRefused,
    HoldingChangedError,
    HoldingLockedError,
    OpenQuestionsError,
    SeedMissedError,
    StalePlanError,
    WriteFailedError,
)
from optout.errors.input import (
    AmbiguousColumnError,
    EmptyBatchError,
    HeaderMissingError,
    InputError,
    LabelsError,
    MissingColumnError,
    OlderTableError,
    OptionError,
    SensitiveColumnError,
    TableFileError,
    UndecidedEncodingError,
    UndecidedSheetError,
    UnencodableError,
    UnknownColumnError,
    UnreadableFileError,
    UnsafeWorkbookError,
)
from optout.errors.root import (
    OptoutError,
)
from optout.errors.store import (
    EmptyStoreError,
    KeyMissingError,
    KeySchemeError,
    NotErasedError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreExistsError,
    StoreFailedError,
    StoreMissingError,
    TableError,
    UnknownRequestError,
    WrongKeyError,
)

__all__ = [
    "AmbiguousColumnError",
    "CertificateError",
    "CheckError",
    "ConservationError",
    "DeliveryRefused",
    "EmptyBatchError",
    "EmptyStoreError",
    "HeaderMissingError",
    "HoldingChangedError",
    "HoldingLockedError",
    "InputError",
    "KeyMissingError",
    "KeySchemeError",
    "LabelsError",
    "MissingColumnError",
    "NotErasedError",
    "OlderTableError",
    "OpenQuestionsError",
    "OptionError",
    "OptoutError",
    "SeedMissedError",
    "SensitiveColumnError",
    "StalePlanError",
    "StoreBusyError",
    "StoreDamagedError",
    "StoreError",
    "StoreExistsError",
    "StoreFailedError",
    "StoreMissingError",
    "TableError",
    "TableFileError",
    "UndecidedEncodingError",
    "UndecidedSheetError",
    "UnencodableError",
    "UnknownColumnError",
    "UnknownRequestError",
    "UnreadableFileError",
    "UnsafeWorkbookError",
    "WriteFailedError",
    "WrongKeyError",
]
