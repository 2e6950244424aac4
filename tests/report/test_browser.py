"""The pages in a browser: nothing overflows, nothing is asked for, nothing goes wrong, and the plots are drawn.

`OPTOUT_PICTURES=folder` keeps what was seen, to be looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from optout.report import figures

from .chromium import Chromium, binary
from .planted import reports

KINDS = ("effect", "requests", "provisions", "filing", "breach")
A4 = 794  # 210 mm at 96 to the inch
WIDTHS = (A4, 1280)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One browser for all pages; in CI it has to be there."""
    path = binary()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("CI opens the reports in a browser: install chromium")
        pytest.skip("no Chromium on the path (Debian: apt-get install chromium)")
    with Chromium(path, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = {kind: folder / f"{kind}.html" for kind in KINDS}
    for kind, report in reports().items():
        made[kind].write_text(figures.page(report, "0123abcd revision 41"), "utf-8")
    return made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_report_fits_its_window_and_asks_for_nothing(
    browser: Chromium, pages: dict[str, Path], kind: str, width: int
) -> None:
    seen = browser.open(pages[kind], width)
    if folder := os.environ.get("OPTOUT_PICTURES"):
        (Path(folder) / f"{kind}-{width}.png").write_bytes(browser.picture())
    assert seen.overflowing == []
    assert seen.errors == []
    assert seen.requests == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_prints_on_a4(browser: Chromium, pages: dict[str, Path], kind: str) -> None:
    inside = 643  # of 170 mm between the margins
    seen = browser.open(pages[kind], inside, paper=True)
    assert seen.overflowing == []
    printed = browser.pdf()
    assert printed.startswith(b"%PDF")
    assert b"/MediaBox [0 0 594.95996 841.91998]" in printed or b"/MediaBox [0 0 595" in printed


@pytest.mark.parametrize("kind", ["effect", "requests", "provisions", "breach"])
def test_every_plot_is_drawn_and_has_a_name_a_description_and_a_table(
    browser: Chromium, pages: dict[str, Path], kind: str
) -> None:
    browser.open(pages[kind], A4)
    plots = browser.evaluate(
        """[...document.querySelectorAll('svg')].map(svg => [
             svg.querySelectorAll('rect, circle').length, svg.getBoundingClientRect().height,
             svg.getAttribute('aria-labelledby').split(' ').map(id => document.getElementById(id).textContent.length),
             !!svg.closest('figure').querySelector('table tbody tr')])"""
    )
    assert plots
    for drawn, height, words, beside in plots:
        assert drawn > 0
        assert height > 40
        assert min(words) > 0
        assert beside


def test_the_browser_notices_what_overflows_and_what_is_asked_for(browser: Chromium, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        "<!DOCTYPE html><title>x</title><div class=paper><p style='width:3000px'>wide</p>"
        "<img src='http://example.invalid/a.png'><script>nothing()</script></div>",
        "utf-8",
    )
    seen = browser.open(page, A4)
    assert seen.overflowing
    assert seen.requests == ["http://example.invalid/a.png"]
    assert seen.errors
