"""Values and a template of report/pages → an HTML page that prints on A4, or a plain text.

One Jinja2 environment for every page of the product. A `.html` template escapes whatever it is given; a name that is
missing raises instead of printing nothing; no page loads a script, a font, a style or a picture from anywhere (its
content security policy forbids it, too). `base.html` has the blocks `title`, `style`, `head`, `main` and `foot`;
`parts.html` has macros for tables and pairs. Characters that cannot be seen (control and direction marks) are left out.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER: Final = "pages"
# Cc control, Cf format (direction marks, BOM), Cs lone surrogates. Co (private use) stays: 外字 are people's names.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs"})
_LAID_OUT: Final = "\n\t"
# First day → era, newest first. Source: 元号を改める政令 (平成31年政令第143号, 昭和64年政令第1号).
_ERAS: Final = ((date(2019, 5, 1), "令和"), (date(1989, 1, 8), "平成"), (date(1926, 12, 25), "昭和"))


def page(template: str, **values: object) -> str:
    """A page as one self-contained HTML document.

    Args:
        template: Name of a file in report/pages that ends in .html; it should extend `base.html`.
        values: What it tells; every value is escaped.

    Returns:
        The document, to be written as UTF-8.
    """
    return environment().get_template(template).render(**values)


def plain(template: str, **values: object) -> str:
    """A text by a template that ends in .txt: nothing is escaped, no line ends in blanks, one newline at the end.

    Args:
        template: Name of a file in report/pages.
        values: What it tells.
    """
    written = environment().get_template(template).render(**values)
    return "\n".join(line.rstrip() for line in written.strip("\n").splitlines()) + "\n"


@cache
def environment() -> Environment:
    """The one environment; templates are read from the package."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

    made = Environment(
        loader=FunctionLoader(_source),
        autoescape=select_autoescape(enabled_extensions=(), disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        finalize=_seen,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    made.filters["day"] = day
    made.filters["wareki"] = wareki
    made.filters["count"] = count
    return made


def day(given: date | str | None) -> str:
    """A day as offices write it; nothing for None.

    Examples:
        >>> day("2026-04-01")
        '2026年4月1日'
    """
    known = _date(given)
    return f"{known.year}年{known.month}月{known.day}日" if known else ""


def wareki(given: date | str | None) -> str:
    """A day by the Japanese calendar; before 昭和 by the western one.

    Examples:
        >>> wareki("2026-04-01"), wareki("2019-05-01")
        ('令和8年4月1日', '令和元年5月1日')
    """
    known = _date(given)
    if known is None:
        return ""
    era = next(((first, name) for first, name in _ERAS if known >= first), None)
    if era is None:
        return day(known)
    year = known.year - era[0].year + 1
    return f"{era[1]}{'元' if year == 1 else year}年{known.month}月{known.day}日"


def count(given: float | None) -> str:
    """A number with its thousands apart.

    Examples:
        >>> count(12000)
        '12,000'
    """
    return "" if given is None else f"{given:,}"


def _date(given: date | str | None) -> date | None:
    """The day of a date, a moment, or their ISO text."""
    if isinstance(given, str):
        return date.fromisoformat(given[:10])
    return given


def _source(template: str) -> str | None:
    file = resources.files(__package__).joinpath(_FOLDER, template)
    return file.read_text("utf-8") if file.is_file() else None


def _seen(value: Any) -> Any:
    """What stands on paper of a value: nothing for None, text without what cannot be seen; markup as it is."""
    if value is None:
        return ""
    if type(value) is not str or value.isprintable():
        return value
    return "".join(c for c in value if c in _LAID_OUT or unicodedata.category(c) not in _UNSEEN)
