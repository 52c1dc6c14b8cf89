"""Mapping folders: what is wrong with a map.toml or with the row that binds shipments is told like any other fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import MappingError
from gateway.mapping.facts import read_facts
from gateway.mapping.folder import MappingSet
from gateway.site import base_mappings

FACTS = 'id = "own"\nversion = 1\nformat = "x12"\nmessage_type = "309"\n'


def test_a_good_map_toml(tmp_path: Path) -> None:
    facts = read_facts(tmp_path / "own" / "map.toml", f'{FACTS}when = "M10.05=J"\nversions = ["0050"]\n'.encode())
    assert (facts.id, facts.version, facts.when, facts.versions) == ("own", "1", "M10.05=J", ("0050",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FACTS.replace('id = "own"\n', ""), "id"),
        (FACTS.replace('"309"', "309"), "message_type"),
        (f"{FACTS}when = 5", "when"),
        (f'{FACTS}when = "M10.05 is J"', "not a condition"),
        (f'{FACTS}versions = "0050"', "versions"),
        (f"{FACTS}when", "Expected '='"),
    ],
)
def test_a_bad_map_toml_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(MappingError, match=said) as caught:
        read_facts(tmp_path / "own" / "map.toml", text.encode())
    assert caught.value.file == "own/map.toml"
    assert caught.value.advice


@pytest.mark.parametrize("source", ["", "["])
def test_a_bad_binding_of_shipments_is_told(tmp_path: Path, source: str) -> None:
    (tmp_path / "postal_itmatt.csv").write_text(f"level,target,source\nshipment,(each),{source}\n")
    mappings = MappingSet(base_mappings(), [tmp_path])
    with pytest.raises(MappingError) as caught:
        mappings.compiled(next(f for f in mappings.facts if f.id == "postal_itmatt"))
    assert (caught.value.line, caught.value.column) == (2, "source")
