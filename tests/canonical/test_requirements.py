import pytest

from gateway.canonical.model import FIELD_ORDER
from gateway.canonical.requirements import FILER_TYPES, read_requirements, requirements, role_definitions
from gateway.canonical.validate import load_schema

HEAD = "element,pointer,carrier,freight_forwarder,online_marketplace,customs_broker,other,when_mode,group,rule,note\n"


def test_role_definitions_of_the_schema_are_those_of_the_table():
    """When this fails, put role_definitions() into schema.json (values, any layout)."""
    defs = load_schema()["$defs"]
    assert {name: value for name, value in defs.items() if name.startswith("role_")} == role_definitions()


def test_every_field_of_shipment_and_item_has_a_row_and_every_row_a_field():
    fields = {("shipment", name) for name in FIELD_ORDER["shipment"]} | {("item", name) for name in FIELD_ORDER["item"]}
    rows = set()
    for row in requirements():
        if row.path[:2] == ("items", "*"):
            rows.add(("item", row.path[2]))
        elif row.path == ("marketplace", "marketplace_seller_id"):
            assert "marketplace_seller_id" in FIELD_ORDER["marketplace"]
        else:
            rows.add(("shipment", *row.path))
    assert rows == fields


def test_all_eighteen_elements_of_84_fr_35405_are_named_except_the_two_of_the_envelope():
    numbers = {int(row.element.split()[0]) for row in requirements() if row.element}
    assert numbers == set(range(3, 19))


def test_root_applies_each_role():
    named = [part["if"]["properties"]["participant_filer_type"]["const"] for part in load_schema()["allOf"]]
    assert tuple(named) == FILER_TYPES


def test_two_groups_at_one_place_are_both_asked():
    rows = read_requirements(
        HEAD + "".join(f",/{n},G,O,O,O,O,,{g},S321-X,\n" for n, g in zip("abcd", "xxyy", strict=True))
    )
    role = role_definitions(rows)["role_carrier"]["else"]
    assert role["anyOf"] == [{"required": ["a"]}, {"required": ["b"]}]
    assert role["allOf"] == [{"anyOf": [{"required": ["c"]}, {"required": ["d"]}]}]


def test_several_modes_become_an_enum():
    rows = read_requirements(HEAD + ",/a,R,O,O,O,O,air truck,,S321-X,\n")
    (by_mode,) = role_definitions(rows)["role_carrier"]["else"]["allOf"]
    assert by_mode["if"]["properties"]["mode_of_transportation"] == {"enum": ["air", "truck"]}
    assert by_mode["then"] == {"required": ["a"]}


@pytest.mark.parametrize(
    "row", [",/a,Q,O,O,O,O,,,,", ",a,O,O,O,O,O,,,,", ",/a,R,O,O,O,O,,,,", ",/a,G,O,O,O,O,,,S321-X,"]
)
def test_a_row_that_cannot_be_used_says_its_line(row):
    with pytest.raises(ValueError, match="line 2"):
        read_requirements(HEAD + row + "\n")
