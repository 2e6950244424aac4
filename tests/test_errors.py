"""The error tree: drawn as it is, an exit code a class, picklable, and each message ends in a next step."""

from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Iterator

import pytest

from optout import errors
from optout.errors import OptoutError

# Every error once; a class without a line here fails the first test.
SAMPLES: dict[type[OptoutError], tuple[object, ...]] = {
    OptoutError: ("Nothing was done. Try again.",),
    errors.InputError: ("The list cannot be used. Check the file.",),
    errors.UnreadableFileError: ("list.csv", "is a binary file", "Give a CSV file."),
    errors.EmptyBatchError: ("list.csv", "has a header and no rows"),
    errors.UnknownColumnError: (("氏名2",), ("氏名", "住所")),
    errors.AmbiguousColumnError: (("連絡先",), ("phone", "email")),
    errors.MissingColumnError: (("商品名", "数量"),),
    errors.SensitiveColumnError: (("病歴",),),
    errors.SensitiveValueError: (("備考",), 3, (0, 7)),
    errors.UnencodableError: ("cp932", 2, (4, 9)),
    errors.OptionError: ("channel", ("mail", "phone")),
    errors.UndecidedEncodingError: ("list.csv", {"cp932": 3, "euc-jp": 3}, 40),
    errors.UndecidedSheetError: ("list.xlsx", ("東京", "大阪")),
    errors.HeaderMissingError: ("list.csv", 4),
    errors.UnsafeWorkbookError: ("list.xlsx", "it unpacks to 400 times its size"),
    errors.TableFileError: (
        "list.csv",
        "is not KEN_ALL: it has 7 columns",
        "Give the file as it was downloaded.",
    ),
    errors.OlderTableError: ("KEN_ALL.CSV", "is of 2020-01-31", "Import a newer file."),
    errors.LabelsError: ("sheet.csv", "rows are no row number", "Write row numbers from 0.", 2, (3, 9)),
    errors.UnknownHoldingError: (3,),
    errors.TableError: ("rules", "has no rows"),
    errors.KeySchemeError: ("k1-00000000", "k1-11111111"),
    errors.StoreError: ("The folder does not exist. Make it, or choose another path.",),
    errors.StoreMissingError: ("a.db",),
    errors.StoreExistsError: ("a.db",),
    errors.StoreDamagedError: ("a.db", "audit row 3 is not what was written"),
    errors.StoreBusyError: ("a.db", 60.0),
    errors.StoreFailedError: ("a.db", "disk full"),
    errors.KeyMissingError: (("key=", "OPTOUT_KEY"),),
    errors.WrongKeyError: ("a.db",),
    errors.EmptyStoreError: ("a.db",),
    errors.UnknownRequestError: ("R-ABCDEFGHIJKLM",),
    errors.NotErasedError: ("postgresql://db/optout", "its table was in use for 60 s"),
    errors.UnknownRecordError: ("case",),
    errors.RecordChangedError: ("case",),
    errors.CheckError: ("2 rows are still found. Make a new plan.",),
    errors.ConservationError: (10, 9),
    errors.SeedMissedError: (3, 2),
    errors.StalePlanError: ("a request was lifted",),
    errors.HoldingLockedError: ("list.csv",),
    errors.HoldingReadOnlyError: ("list.csv",),
    errors.HoldingUnreachableError: ("postgresql://db/office#people", "it does not answer"),
    errors.HoldingBoundError: ("office.db#people", 2, ("orders",)),
    errors.CellRefusedError: ("list.parquet", ("電話",), "hold whole numbers", "Give digits."),
    errors.SecondPersonError: ("120 rows would be changed",),
    errors.HoldingChangedError: ("list.csv",),
    errors.OpenQuestionsError: (("review: 3 rows are undecided",),),
    errors.DeliveryRefused: (("2 rows are withhold",),),
    errors.CertificateError: ("it is not signed",),
    errors.WriteFailedError: ("kept.csv", "the disk is full"),
    errors.DeskError: ("The letter has no sender. Give one.",),
    errors.IllegalMoveError: ("done", "accepted", ("executing", "withdrawn")),
    errors.NotIdentifiedError: ("no check of identity was passed",),
    errors.ItemNotHeldError: (("運転免許証番号",),),
    errors.NoGroundError: ("stop", ("not_identified",)),
    errors.IncompleteAnswerError: (("顧客", "会員"),),
}
# A next step begins with what to do.
NEXT_STEPS = set(
    re.findall(
        "[A-Z][a-z]+",
        "AnswerAskCheckChooseCloseDeliverDoGiveImportKeepLeaveListLookMakeMendNameOpenPutRefuseReinstallRemoveReport"
        "RestoreSayScreenSetTryUpdateUseWrite",
    )
)
_LINE = re.compile(r"^ {4}(?P<indent>(?:[│ ]   )*(?:[├└]── )?)(?P<name>[A-Z]\w+) +(?P<code>[0-9]+)")


def classes(base: type[OptoutError] = OptoutError) -> Iterator[type[OptoutError]]:
    yield base
    for child in base.__subclasses__():
        yield from classes(child)


ALL = list(classes())


def drawn() -> list[tuple[int, str, int]]:
    """Depth, name and exit code of each line of the tree in the module's docstring."""
    found = [_LINE.match(line) for line in inspect.getdoc(errors).splitlines()]  # type: ignore[union-attr]
    if not any(found):  # getdoc strips the common indent when every line has it
        raise AssertionError("no tree is drawn in errors")
    return [(len(m["indent"]) // 4, m["name"], int(m["code"])) for m in found if m]


def actual(base: type[OptoutError] = OptoutError, depth: int = 0) -> list[tuple[int, str, int]]:
    lines = [(depth, base.__name__, base.exit_code)]
    for child in sorted(base.__subclasses__(), key=lambda c: c.exit_code):
        lines += actual(child, depth + 1)
    return lines


def test_every_error_has_a_sample_here() -> None:
    assert set(SAMPLES) == set(ALL)


def test_the_tree_drawn_in_the_docstring_is_the_tree_of_classes() -> None:
    assert drawn() == actual()


def test_every_class_says_its_own_exit_code_and_no_two_say_the_same() -> None:
    assert all("exit_code" in vars(error) for error in ALL)
    codes = [error.exit_code for error in ALL]
    assert len(codes) == len(set(codes))
    # 2 is wrong usage, 125 and above belong to the shell.
    assert all(0 < code < 125 and code != 2 for code in codes)


def test_a_class_counts_up_from_its_parent_so_that_kinds_of_error_lie_together() -> None:
    parents = [(error.__base__, error) for error in ALL[1:]]
    assert all(
        issubclass(parent, OptoutError) and parent.exit_code < child.exit_code for parent, child in parents
    )


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_an_error_survives_pickling_out_of_a_worker(error: type[OptoutError]) -> None:
    raised = error(*SAMPLES[error])
    back = pickle.loads(pickle.dumps(raised))
    assert type(back) is error
    assert str(back) == str(raised)
    assert vars(back) == vars(raised)


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_a_message_is_sentences_and_ends_in_a_next_step(error: type[OptoutError]) -> None:
    message = str(error(*SAMPLES[error]))
    assert message.endswith(".")
    last = re.split(r"(?<=[.;]) ", message)[-1]
    assert last.split()[0].strip(",").capitalize() in NEXT_STEPS, last


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_a_docstring_says_when_it_is_raised(error: type[OptoutError]) -> None:
    assert error.__doc__
    assert error.__doc__.strip().splitlines()[0].endswith(".")
