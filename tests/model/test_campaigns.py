"""The committed campaigns say what the documentation says of them."""

import json
from pathlib import Path
from typing import Any

import torchvision

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def rows(name: str) -> list[dict[str, Any]]:
    return json.loads((BENCHMARKS / name).read_text())["rows"]


def test_all_of_torchvision_and_150_of_timm_were_tried() -> None:
    tried = [row["name"] for row in rows("networks_tried.json")]
    named = torchvision.models.list_models(module=torchvision.models)
    assert {f"torchvision/{name}" for name in named} <= set(tried)
    assert sum(name.startswith("timm/") for name in tried) >= 150


def test_every_network_tried_was_recorded_in_full_or_says_why_not() -> None:
    for row in rows("networks_tried.json"):
        if row["opens"]:
            assert row["same output"], row["name"]
            assert row["unique names"], row["name"]
            assert not row["left behind"], row["name"]
            assert row["rectifiers"] == row["witnessed"], row["name"]
            assert (row["exact"] == row["layers"]) == (not row["upper bound from"]), row["name"]
        else:
            assert row["error"], row["name"]


def test_the_probe_agreed_on_every_exact_map_of_30_networks() -> None:
    probed = rows("fields_probed.json")
    assert len(probed) >= 30
    assert all(row["equal"] == row["exact"] > 5 for row in probed)
