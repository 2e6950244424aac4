"""Build the table place_name.parquet in src/optout/tables: the names of the shipped places, folded as addresses are.

Made of the tables of places (see tools/build_towns.py) by the rules of optout.text.address and nothing else; whoever
changes either builds it anew. Same tables, same rules, same polars: same bytes.
Run: python tools/build_place_names.py; python tools/stamp_sources.py
"""

from __future__ import annotations

from pathlib import Path

from optout.tables import PLACE_NAME, gazetteer
from optout.text.address import naming

FOLDER = Path(__file__).parents[1] / "src/optout/tables"


def main() -> None:
    """Write the table anew."""
    names = naming.names(gazetteer.packaged())
    names.write_parquet(
        FOLDER / PLACE_NAME,
        compression="zstd",
        compression_level=19,
        statistics=False,
        row_group_size=len(names),
    )


if __name__ == "__main__":
    main()
