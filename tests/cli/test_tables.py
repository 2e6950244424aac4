"""`optout tables`: import newer address tables and see what is in force."""

from __future__ import annotations

from pathlib import Path

from .conftest import Run

MERGERS = (
    "pref,old_name,old_code,new_name,new_code,date,kind\n"
    "千葉県,見本町,12901,君津市,12225,1971-04-01,編入\n"
    "千葉県,失町,12999,無市,12998,1971-04-01,編入\n"
)


def mergers(tmp_path: Path) -> Path:
    place = tmp_path / "FEA_haitibungou.csv"
    place.write_text(MERGERS, "cp932")
    return place


def test_an_import_is_told_listed_and_changes_the_scheme(run: Run, store: Path, tmp_path: Path) -> None:
    before = run("tables", "list", store)
    assert "取り込みなし" in before.out
    told = run("tables", "import-mergers", store, mergers(tmp_path))
    assert told.code == 0
    assert "取り込みました Imported: 廃置分合 mergers" in told.out
    assert "1 changes lead to no municipality" in told.out
    listed = run("tables", "list", store, "--json").document
    assert [table["name"] for table in listed["tables"]] == ["FEA_haitibungou.csv"]
    assert listed["scheme"] in told.out
    assert listed["scheme"] not in before.out
    assert run("tables", "list", store, "--quiet").out.strip() == listed["scheme"]
    assert "有効" in run("tables", "list", store).out


def test_the_same_file_again_is_said_so(run: Run, store: Path, tmp_path: Path) -> None:
    first = run("tables", "import-mergers", store, mergers(tmp_path), "--json").document
    again = run("tables", "import-mergers", store, mergers(tmp_path), "--json").document
    assert (first["known"], again["known"], again["revision"]) == (False, True, first["revision"])
    assert "取込済み Imported before" in run("tables", "import-mergers", store, mergers(tmp_path)).out


def test_a_wrong_or_older_file_ends_with_its_code_and_changes_nothing(
    run: Run, store: Path, tmp_path: Path, listed: Path
) -> None:
    wrong = run("tables", "import-ken-all", store, listed)
    assert (wrong.code, "15 columns" in wrong.err, "見本" in wrong.said) == (23, True, False)
    document = run("tables", "import-abr", store, listed, "--json")
    assert document.code == 23
    assert "columns seen: 氏名, フリガナ, 住所, TEL, 備考" in document.document["message"]
    run("tables", "import-mergers", store, mergers(tmp_path))
    older = tmp_path / "older.csv"
    older.write_text(MERGERS.replace("1971", "1970"), "utf-8")
    assert run("tables", "import-mergers", store, older).code == 24
    assert run("tables", "import-mergers", store, older, "--replace").code == 0
    assert run("tables", "import-mergers", store, tmp_path / "none.csv").code == 11
    counts = [table["in_force"] for table in run("tables", "list", store, "--json").document["tables"]]
    assert counts == [False, True]


def test_a_screen_names_the_scheme_the_tables_make(
    run: Run, store: Path, listed: Path, tmp_path: Path
) -> None:
    def scheme() -> str:
        told = run("screen", store, listed, "--out", tmp_path / "out", "--json").document
        return str(told["against"]["scheme"])

    before = scheme()
    run("tables", "import-mergers", store, mergers(tmp_path))
    after = scheme()
    assert before != after == run("tables", "list", store, "--json").document["scheme"]


def test_the_day_of_a_file_can_be_told(run: Run, store: Path, tmp_path: Path) -> None:
    from optout.tables.gazetteer import packaged

    towns = packaged().towns.filter(code="13362")
    header = "lg_code,pref,county,city,ward,oaza_cho,chome,koaza\n"
    rows = "".join(f"133621,東京都,,利島村,,{town},,{koaza or ''}\n" for _, town, koaza, _ in towns.rows())
    registry = tmp_path / "mt_town_pref13.csv"
    registry.write_text(header + rows + "133621,東京都,,利島村,,見本町,,\n", "utf-8")
    told = run("tables", "import-abr", store, registry, "--as-of", "2030-04-01", "--json").document
    assert (told["kind"], told["as_of"]) == ("abr", "2030-04-01")
    assert run("tables", "import-abr", store, registry, "--as-of", "1 April").code == 2
