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
    │   │   └── SensitiveValueError 27
    │   ├── UnencodableError        17
    │   ├── OptionError             18
    │   ├── UndecidedEncodingError  19
    │   ├── UndecidedSheetError     20
    │   ├── HeaderMissingError      21
    │   ├── UnsafeWorkbookError     22
    │   ├── LabelsError             25  review decisions that cannot be used
    │   ├── UnknownHoldingError     26
    │   └── CellRefusedError        29
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
    │   ├── NotErasedError          50
    │   ├── UnknownRecordError      51
    │   └── RecordChangedError      52
    ├── CheckError                  60  one of the three checks said no
    │   ├── ConservationError       61
    │   ├── SeedMissedError         62
    │   ├── StalePlanError          63
    │   ├── HoldingLockedError      64
    │   │   └── HoldingReadOnlyError 82
    │   ├── HoldingChangedError     65
    │   ├── OpenQuestionsError      66
    │   ├── DeliveryRefused         67
    │   ├── CertificateError        68
    │   ├── WriteFailedError        69
    │   ├── HoldingUnreachableError 80
    │   ├── HoldingBoundError       81
    │   └── SecondPersonError       83
    └── DeskError                  100  the opt-out desk said no
        ├── IllegalMoveError       101
        ├── NotIdentifiedError     102
        ├── ItemNotHeldError       103
        ├── NoGroundError          104
        └── IncompleteAnswerError  105

Exit code 2 is the command line's own (wrong usage). Messages carry counts, column names, row numbers and
rule ids, never a value from a row: whoever logs an error must not log a person.
"""

from __future__ import annotations

from optout.errors.check import (
    CertificateError,
    CheckError,
    ConservationError,
    DeliveryRefused,
    HoldingBoundError,
    HoldingChangedError,
    HoldingLockedError,
    HoldingReadOnlyError,
    HoldingUnreachableError,
    OpenQuestionsError,
    SecondPersonError,
    SeedMissedError,
    StalePlanError,
    WriteFailedError,
)
from optout.errors.desk import (
    DeskError,
    IllegalMoveError,
    IncompleteAnswerError,
    ItemNotHeldError,
    NoGroundError,
    NotIdentifiedError,
)
from optout.errors.input import (
    AmbiguousColumnError,
    CellRefusedError,
    EmptyBatchError,
    HeaderMissingError,
    InputError,
    LabelsError,
    MissingColumnError,
    OlderTableError,
    OptionError,
    SensitiveColumnError,
    SensitiveValueError,
    TableFileError,
    UndecidedEncodingError,
    UndecidedSheetError,
    UnencodableError,
    UnknownColumnError,
    UnknownHoldingError,
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
    RecordChangedError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreExistsError,
    StoreFailedError,
    StoreMissingError,
    TableError,
    UnknownRecordError,
    UnknownRequestError,
    WrongKeyError,
)

__all__ = [
    "AmbiguousColumnError",
    "CellRefusedError",
    "CertificateError",
    "CheckError",
    "ConservationError",
    "DeliveryRefused",
    "DeskError",
    "EmptyBatchError",
    "EmptyStoreError",
    "HeaderMissingError",
    "HoldingBoundError",
    "HoldingChangedError",
    "HoldingLockedError",
    "HoldingReadOnlyError",
    "HoldingUnreachableError",
    "IllegalMoveError",
    "IncompleteAnswerError",
    "InputError",
    "ItemNotHeldError",
    "KeyMissingError",
    "KeySchemeError",
    "LabelsError",
    "MissingColumnError",
    "NoGroundError",
    "NotErasedError",
    "NotIdentifiedError",
    "OlderTableError",
    "OpenQuestionsError",
    "OptionError",
    "OptoutError",
    "RecordChangedError",
    "SecondPersonError",
    "SeedMissedError",
    "SensitiveColumnError",
    "SensitiveValueError",
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
    "UnknownHoldingError",
    "UnknownRecordError",
    "UnknownRequestError",
    "UnreadableFileError",
    "UnsafeWorkbookError",
    "WriteFailedError",
    "WrongKeyError",
]
