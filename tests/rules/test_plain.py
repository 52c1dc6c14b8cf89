"""What is plainly in order by columns is in order by every rule; what is good is plainly so."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from gateway.rules.group import Asked, Group
from gateway.rules.parts import PARTS
from gateway.rules.persons import person_keys
from gateway.rules.tables import normal, normals
from tests.canonical.samples import JUNK, mutant, rich_shipment
from tests.rules.test_rulebook import CHANGES, GOOD, NOW, PROFILE, RULES, changed

ASKED = Asked(RULES.tables, PROFILE, NOW)


def looked_at(*drafts: dict[str, Any]) -> set[int]:
    for draft in drafts:
        RULES.prepare(draft, PROFILE, NOW)
    return {number for part in PARTS for number in part.look(Group(drafts), ASKED)}


def test_no_rule_looks_at_a_good_shipment():
    assert looked_at(copy.deepcopy(GOOD), copy.deepcopy(GOOD)) == set()


@pytest.mark.parametrize(("path", "value", "told"), CHANGES)
def test_only_what_is_odd_is_looked_at(path, value, told):
    odd = changed(path, value)
    RULES.prepare(odd, PROFILE, NOW)
    if RULES.check(odd, PROFILE, NOW, "original"):
        assert looked_at(copy.deepcopy(GOOD), changed(path, value), copy.deepcopy(GOOD)) == {1}


def of_the_whole(amount: str, *lines: dict[str, Any]) -> dict[str, Any]:
    """Return a shipment with a value of the whole, as a house manifest has it."""
    item = {key: value for key, value in GOOD["items"][0].items() if key != "total_value"}
    return copy.deepcopy(GOOD | {"total_value": {"amount": amount, "currency": "USD"}, "items": [item, *lines]})


def test_the_value_of_the_whole_is_that_of_its_one_goods_line():
    assert looked_at(copy.deepcopy(GOOD), of_the_whole("25.00")) == set()
    assert looked_at(of_the_whole("0.00"), of_the_whole("900.00"), of_the_whole("25.00", GOOD["items"][0])) == {0, 1, 2}


def nasty(rnd: random.Random) -> dict[str, Any]:
    """Return a shipment with a few values of other shipments, of what is wrong, or of no use at all."""
    draft = copy.deepcopy(GOOD)
    for path, value, _ in rnd.sample(CHANGES, rnd.choice((0, 0, 1, 1, 2, 4))):
        *parents, leaf = path.split(".")
        place: Any = draft
        for part in parents:
            place = place[int(part)] if part.isdigit() else place.setdefault(part, {})
        if value is None:
            place.pop(leaf, None)
        else:
            place[leaf] = value
    if rnd.random() < 0.3:
        draft["items"].append(copy.deepcopy(draft["items"][0]))
        draft["items"][0]["unit_value"] = {"amount": rnd.choice(("12.50", "25.00", "8.33")), "currency": "USD"}
        draft["items"][0]["quantity"] = rnd.choice(("1", "2", "3"))
    if rnd.random() < 0.2:
        draft["mode_of_transportation"] = rnd.choice(("air", "ocean", "mail"))
        draft["references"] = [{"type": "container", "value": rnd.choice(("MSKU1234565", "MSKU1234566", "X"))}]
        draft["security_scan"] = {"performed": rnd.choice((True, False))}
    if rnd.random() < 0.2:
        draft["total_value"] = {
            "amount": rnd.choice(("0.00", "12.50", "25.00", "900.00", "-1", "x")),
            "currency": rnd.choice(("USD", "EUR")),
        }
        draft["items"][-1].pop("total_value", None)
    if rnd.random() < 0.2:
        draft["transaction_nature"] = rnd.choice(("documents", "gift", "return"))
    if rnd.random() < 0.2:
        draft["gross_weight_kg"] = rnd.choice(("0.000", "29.999", "71.000", "9.999", "junk"))
        draft["items"][0]["net_weight_kg"] = rnd.choice(("0.000", "0.400", "30.000"))
    return draft


def same_as_one_by_one(drafts: list[dict[str, Any]], purposes: list[str]) -> int:
    """Compare; return of how many nothing was said."""
    one_by_one = [RULES.check(draft, PROFILE, NOW, purpose) for draft, purpose in zip(drafts, purposes, strict=True)]
    assert RULES.check_all(drafts, PROFILE, NOW, purposes) == one_by_one
    return one_by_one.count([])


def test_1500_groups_of_nasty_shipments_get_what_each_of_them_gets():
    rnd = random.Random(321)
    plain = 0
    for _ in range(1500):
        drafts = [nasty(rnd) for _ in range(rnd.choice((1, 2, 3, 5)))]
        for draft, late in zip(drafts, RULES.prepare_all(copied := copy.deepcopy(drafts), PROFILE, NOW), strict=True):
            assert RULES.prepare(draft, PROFILE, NOW) == late
        assert copied == drafts
        plain += same_as_one_by_one(drafts, [rnd.choice(("original", "original", "amend", "cancel")) for _ in drafts])
    assert plain > 500


def test_1000_damaged_shipments_get_what_they_get_alone():
    """Damage that no mapping makes may stop a rule; then it stops it here, too."""
    rnd = random.Random(322)
    compared = 0
    for _ in range(1000):
        draft, good = mutant(rich_shipment(), rnd, JUNK), copy.deepcopy(GOOD)
        RULES.prepare(good, PROFILE, NOW)
        try:
            RULES.prepare(draft, PROFILE, NOW)
            RULES.check(draft, PROFILE, NOW, "original")
        except (AttributeError, TypeError, ValueError, KeyError, ArithmeticError):
            continue
        same_as_one_by_one([good, draft], ["original"] * 2)
        compared += 1
    assert compared > 600


@pytest.mark.parametrize(
    ("path", "value"), [("first_us_port", ["0901"]), ("estimated_arrival_at", {"day": 1}), ("items.0.country_of_origin", ["CA"])]
)  # fmt: skip
def test_a_value_that_is_no_text_is_left_to_the_schema(path, value):
    draft, other = changed(path, value), copy.deepcopy(GOOD)
    RULES.prepare_all([other, draft], PROFILE, NOW)
    assert other["regime_verdict"]["verdict"] == draft["regime_verdict"]["verdict"] == "eligible_800"


def test_a_day_that_was_given_decides_for_its_own_shipment_only():
    given, other = copy.deepcopy(GOOD), copy.deepcopy(GOOD)
    given["regime_verdict"] = {"rule_id": "x", "verdict": "x", "as_of_date": "2025-09-02"}
    RULES.prepare_all([other, given], PROFILE, NOW)
    assert [d["regime_verdict"]["verdict"] for d in (other, given)] == ["eligible_800", "not_eligible"]


def test_many_texts_are_compared_as_each_of_them():
    texts = ["9 Mill Ln.", "", " A  B ", "O'Brien", "x\ty", "--", "Zoë", "a\nb", "ﬁne", "12", "A.B"]
    rnd = random.Random(323)
    for _ in range(300):
        some = rnd.choices(texts, k=rnd.randrange(5))
        assert normals(some) == [normal(text) for text in some]


def test_the_key_of_a_person_does_not_depend_on_who_else_is_asked_about():
    people = [GOOD["final_deliver_to_party"] | {"address_line_1": f"{n} OAK ST APT {n}"} for n in range(9)]
    keys = person_keys(people, b"secret", RULES.tables.suffixes)
    assert [person_keys([one], b"secret", RULES.tables.suffixes)[0] for one in people] == keys
    assert len(set(keys)) == 9
