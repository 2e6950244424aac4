"""Splink 5 on DuckDB, with the settings its documentation recommends: u by random sampling, m by expectation
maximisation over several blocking rules, term frequencies of names, comparison levels for what Japanese lists do.

Training is done once and kept as a model; the apply pass, which is what a vendor repeats for every list, loads it
and predicts.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, Final

import polars as pl

# Each survives the loss of one identifier.
_BLOCKING: Final = (
    "l.phone_1 = r.phone_1",
    "l.phone_1 = r.phone_2",
    "l.phone_2 = r.phone_1",
    "l.phone_2 = r.phone_2",
    "l.email = r.email",
    "l.place = r.place",
    "l.postal = r.postal and l.numbers = r.numbers",
    "l.name = r.name and l.city = r.city",
    "l.kana = r.kana and l.city = r.city",
    "l.name = r.name and l.birth_date = r.birth_date",
    "l.kana = r.kana and l.birth_date = r.birth_date",
    "l.family = r.family and l.birth_date = r.birth_date",
)
# Relatives share place and number, so names are learnt where the mailbox or the birth agrees as well.
_TRAINING: Final = (
    "l.name = r.name",
    "l.email = r.email",
    "l.birth_date = r.birth_date and l.place = r.place",
    "l.birth_date = r.birth_date and l.phone_1 = r.phone_1",
)
_SEED: Final = 7


def settings() -> Any:
    """The comparisons and blocking rules."""
    import splink.comparison_level_library as levels
    import splink.comparison_library as comparisons
    from splink import SettingsCreator
    from splink.internals.blocking_rule_library import CustomRule

    exact_name = levels.ExactMatchLevel("name", term_frequency_adjustments=True)
    exact_kana = levels.ExactMatchLevel("kana", term_frequency_adjustments=True)
    name = comparisons.CustomComparison(
        output_column_name="name",
        comparison_levels=[
            levels.CustomLevel(
                "(name_l is null or name_r is null) and (kana_l is null or kana_r is null)"
            ).configure(is_null_level=True),
            exact_name,
            exact_kana,
            levels.CustomLevel(
                "family_l = family_r and jaro_winkler_similarity(given_l, given_r) >= 0.7", "near given"
            ),
            levels.CustomLevel("jaro_winkler_similarity(name_l, name_r) >= 0.85", "near name"),
            levels.CustomLevel("jaro_winkler_similarity(kana_l, kana_r) >= 0.92", "near kana"),
            levels.CustomLevel("given_l = given_r", "given name alone"),
            levels.CustomLevel("family_l = family_r", "surname alone"),
            levels.ElseLevel(),
        ],
    )
    place = comparisons.CustomComparison(
        output_column_name="place",
        comparison_levels=[
            levels.CustomLevel("place_l is null or place_r is null").configure(is_null_level=True),
            levels.CustomLevel(
                "place_l = place_r and (room_l is null or room_r is null or room_l = room_r)", "same room"
            ),
            levels.CustomLevel("place_l = place_r", "same house"),
            levels.CustomLevel("town_l = town_r and levenshtein(numbers_l, numbers_r) <= 1", "near number"),
            levels.CustomLevel("town_l = town_r and city_l = city_r", "same town"),
            levels.CustomLevel("city_l = city_r", "same municipality"),
            levels.ElseLevel(),
        ],
    )
    same_phone = "phone_1_l in (phone_1_r, phone_2_r) or phone_2_l in (phone_1_r, phone_2_r)"
    phone = comparisons.CustomComparison(
        output_column_name="phone",
        comparison_levels=[
            levels.CustomLevel("phone_1_l is null or phone_1_r is null").configure(is_null_level=True),
            levels.CustomLevel(same_phone, "same number"),
            levels.CustomLevel("levenshtein(phone_1_l, phone_1_r) <= 1", "near number"),
            levels.ElseLevel(),
        ],
    )
    return SettingsCreator(
        link_type="link_only",
        comparisons=[
            name,
            place,
            phone,
            comparisons.ExactMatch("email"),
            comparisons.ExactMatch("birth_date"),
        ],
        blocking_rules_to_generate_predictions=[CustomRule(rule) for rule in _BLOCKING],
        retain_matching_columns=False,
        max_iterations=25,
    )


def _linker(place: Path, model: Any) -> Any:
    from splink import DuckDBAPI, Linker

    logging.getLogger("splink").setLevel(logging.ERROR)
    database = DuckDBAPI()
    for side in ("left", "right"):
        source = place / f"{side}.parquet"
        database.duckdb_con.execute(f"create table {side}_side as select * from read_parquet('{source}')")
    sides = [database.register(f"{side}_side", dataset_display_name=side) for side in ("left", "right")]
    return Linker(sides, model, log_level=logging.ERROR)


def train(place: Path) -> None:
    """Estimate the parameters on these very lists and keep the model beside them."""
    linker = _linker(place, settings())
    training = linker.training
    sure = ["l.name = r.name and l.phone_1 = r.phone_1", "l.name = r.name and l.place = r.place"]
    training.estimate_probability_two_random_records_match(sure, recall=0.7)
    training.estimate_u_using_random_sampling(max_pairs=1e7, seed=_SEED)
    for rule in _TRAINING:
        training.estimate_parameters_using_expectation_maximisation(rule)
    linker.misc.save_model_to_json(str(place / "splink.json"), overwrite=True)


def pairs(place: Path) -> pl.DataFrame:
    """The apply pass: `row` UInt32, `score` Float64 (match weight) of every pair that shares a blocking key."""
    model = json.loads((place / "splink.json").read_text())
    linker = _linker(place, model)
    # Low enough that no threshold of the sweep is cut off.
    found = linker.inference.predict(threshold_match_weight=-15)
    query = f"select unique_id_l as row, match_weight as score from {found.physical_name}"
    told = linker._db_api.duckdb_con.execute(query).fetchnumpy()
    return pl.DataFrame({column: told[column] for column in ("row", "score")}).cast(
        {"row": pl.UInt32, "score": pl.Float64}
    )
