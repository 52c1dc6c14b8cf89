"""The guide for a carrier: one page that stands alone, and says what the tables say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from lxml import html

from gateway.commands.guide import guide_page
from gateway.config_files import Poll
from gateway.errors import ConfigError
from gateway.site import Site, base_site, load_site
from tests.drops import FIXTURES
from tests.test_reload import run


def page(site: Site, partner: str, *only: str) -> html.HtmlElement:
    return html.fromstring(guide_page(site, partner, only))


@pytest.mark.parametrize("partner", sorted(base_site().partners))
def test_the_page_stands_alone_and_every_link_leads_somewhere(partner):
    tree = page(base_site(), partner)
    names = [e.get("id") for e in tree.iter() if e.get("id")]
    assert len(names) == len(set(names))
    links = tree.xpath("//a/@href")
    assert {link[1:] for link in links if link.startswith("#")} <= set(names)
    assert all(link.startswith("#") for link in links)
    assert not tree.xpath("//script | //link | //img | //@src")


def test_it_says_where_things_stand_what_is_needed_and_what_comes_back():
    tree = page(base_site(), "nrtx", "x12_309_truck")
    rows = [[c.text_content() for c in r.iter("td")] for r in tree.iter("tr")]
    assert ["first US port", "P4.01", "required", "", "3004", "PORT-MISSING"] in rows
    assert ["house bill number", "M13.04; .09", "required", "when M11 absent", "00450002; NRTX", "S321-ID-1OF"] in rows
    assert not any("bill_is_master" in " ".join(r) for r in rows)  # the partner's settings are decided already
    assert {"TA1", "997", "999", "824", "355"} <= {r[0] for r in rows if r}
    assert "ISA*" in tree.xpath("string(//pre)")
    assert any(
        r[:2] == ["S321-VAL-800Over USD 800", "error: refuses the shipment"] or r[0].startswith("S321-VAL-800")
        for r in rows
        if r
    )


def test_a_partner_setting_changes_what_its_guide_says():
    site = base_site()
    partner = site.partners["nrtx"]
    other = replace(
        partner,
        profile=replace(
            partner.profile, bill_is_master=True, acks=msgspec.structs.replace(partner.profile.acks, application="none")
        ),
    )
    tree = page(replace(site, partners={"nrtx": other}), "nrtx", "x12_309_truck")
    rows = [[c.text_content() for c in r.iter("td")] for r in tree.iter("tr")]
    assert any(r[:2] == ["master bill number", "M11.12; M11.01"] for r in rows)
    assert not {"824", "355"} & {r[0] for r in rows if r}


def test_only_the_mappings_with_own_rows_are_shown_and_texts_are_escaped(tmp_path: Path):
    run("demo", "init", str(tmp_path / "site"))
    own = tmp_path / "site" / "partners" / "northtest" / "x12_309_truck.csv"
    own.parent.mkdir()
    own.write_text("level,target,source,default,rule,message,example\nshipment,carrier_code,,<script>x,,,\n")
    tree = page(load_site(tmp_path / "site"), "northtest")
    assert [h.get("id") for h in tree.iter("h2")] == ["sending", "asked", "x12_309_truck", "answers", "rules"]
    assert not tree.xpath("//script")
    assert "<script>x" in tree.text_content()


def test_an_unknown_partner_or_mapping_is_told_with_those_that_exist():
    with pytest.raises(ConfigError, match=r"Known: .*nrtx"):
        guide_page(base_site(), "nobody")
    with pytest.raises(ConfigError, match=r"Known: .*x12_309_truck"):
        guide_page(base_site(), "nrtx", ["x12_999"])


def test_a_partner_who_sends_tables_finds_the_columns_of_his_own():
    site = load_site(FIXTURES / "profiles" / "tabular")
    page = html.fromstring(guide_page(site, "totals", ["tabular_csv"]))
    chapter = {row.xpath("string(th)"): row.xpath("string(td)") for row in page.xpath("//h2[@id='tables']/following-sibling::table//tr[th and td]")}  # fmt: skip
    assert chapter["Header in row"] == "4"
    assert chapter["Consignee / Address"] == "consignee_block"
    assert chapter["rows above the header"].startswith("conveyance")
    assert "master_bill" in chapter["rows above the header"]
    assert not html.fromstring(guide_page(base_site(), next(iter(base_site().partners)))).xpath("//h2[@id='tables']")


def told(site: Site, partner: str, *only: str) -> dict[str, str]:
    """Return the chapter on sending: name -> text."""
    rows = page(site, partner, *only).xpath("//h2[@id='sending']/following-sibling::table[1]//tr")
    return {row.xpath("string(th)"): row.xpath("string(td)") for row in rows}


def changed(**changes: object) -> Site:
    """Return the delivered site with another X12 partner: fields of its profile, or (in_dir, keys, poll) of the partner."""
    site = base_site()
    partner = site.partners["nrtx"]
    shell = {name: changes.pop(name) for name in ("in_dir", "keys", "poll") if name in changes}
    return replace(site, partners={"nrtx": replace(partner, profile=replace(partner.profile, **changes), **shell)})


def weights(site: Site) -> dict[str, str]:
    rows = page(site, "nrtx", "x12_309_truck").xpath("//h2[@id='rules']/following::tr[@id]")
    return {row.get("id"): row.xpath("string(td[2])") for row in rows}


@pytest.mark.parametrize(("program", "weighs", "law"), [
    ("section_321_pilot", ("error", "error", "error", None), "what arrives since then is refused (S321-REGIME)"),
    ("entry_11", (None, None, "info", "warning"), "Your goods do not claim the exemption"),
    ("acas", (None, None, "info", None), "Your goods do not claim the exemption"),
])  # fmt: skip
def test_the_rules_weigh_as_they_do_under_the_program_of_the_partner(program, weighs, law):
    site = changed(program=program)
    found = weights(site)
    for rule, weight in zip(("S321-REGIME", "S321-AGG-800", "S321-VAL-800", "S321-VAL-2500"), weighs, strict=True):
        assert (found.get(rule) or "None").startswith(str(weight)), rule
    tree = page(site, "nrtx", "x12_309_truck")
    assert law in tree.text_content()
    assert tree.xpath("string(//h1)").startswith(f"Sending {'Section 321' if weighs[0] else 'shipment'} data")


def test_it_says_of_a_partner_whose_files_are_fetched_where_they_are_taken_and_what_becomes_of_them():
    poll = Poll(
        host="sftp.carrier.example",
        user="gw",
        key_file="k",
        host_key="SHA256:x",
        folder="out",
        marker=".done",
        done_folder="",
    )
    found = told(changed(poll=poll, keys=()), "nrtx", "x12_309_truck")
    assert found["Server"] == "yours: sftp.carrier.example, port 22, account gw"
    assert (
        found["Your files"]
        == "we fetch them from the folder out; a file is taken when its empty marker NAME.done lies beside it, and is deleted there"
    )
    assert "Log-in" not in found


def test_it_promises_no_login_where_files_come_over_a_folder_alone(tmp_path):
    found = told(changed(in_dir=tmp_path, keys=()), "nrtx", "x12_309_truck")
    assert "Log-in" not in found and "/in," not in found["Your files"]


@pytest.mark.parametrize(("kept", "said"), [("free", True), ("used", False)])
def test_it_says_whether_a_number_of_which_nothing_was_accepted_may_come_again(kept, said):
    found = told(changed(refused_numbers=kept), "nrtx", "x12_309_truck")["Control numbers"]
    assert ("unless nothing was accepted" in found) is said


def test_a_table_has_no_control_numbers_and_its_columns_are_named_as_they_are_written():
    site = load_site(FIXTURES / "profiles" / "tabular")
    assert "Control numbers" not in told(site, "totals", "tabular_csv")
    tree = page(site, "totals", "tabular_csv")
    places = {code.text for code in tree.xpath("//td[2]/code | //td[3]/code")}
    assert "consignee_name" in places
    assert not {p for p in places if p and (p.startswith(".") or p in ("ROWS", "ROW"))}
    assert "else original" in {cell.text_content() for cell in tree.iter("td")}


def test_what_the_layout_of_the_partner_fills_in_is_not_asked_of_him():
    site = load_site(FIXTURES / "profiles" / "tabular")
    partner = next(
        name for name, p in site.partners.items() if "mode" in p.profile.options.get("tabular", {}).get("values", {})
    )
    rows = page(site, partner, "tabular_csv").xpath("//h2[@id='asked']/following::table[1]//tr[td]")
    assert {r.xpath("string(td[1])"): r.xpath("string(td[3])") for r in rows}["mode of transport"] == "filled in by us"


def test_the_sample_is_one_that_is_accepted_and_changes_nothing():
    sample = page(base_site(), "nrtx", "x12_309_truck").xpath("string(//pre)")
    assert "*W~" in sample and "M13*" not in sample


def test_it_says_that_decisions_of_the_receiver_come_back_where_they_do(tmp_path):
    site = changed()
    files = {
        r[0]
        for r in ([c.text_content() for c in r.iter("td")] for r in page(site, "nrtx", "x12_309_truck").iter("tr"))
        if r
    }
    assert not any("status" in name for name in files)
    site = replace(site, settings=replace(site.settings, responses_dir=tmp_path))
    files = {
        r[0]
        for r in ([c.text_content() for c in r.iter("td")] for r in page(site, "nrtx", "x12_309_truck").iter("tr"))
        if r
    }
    assert "NAME.status-*.json, .csv, .350.edi" in files


def test_the_page_fits_a_telephone_and_a_printer():
    text = guide_page(base_site(), "nrtx", ("x12_309_truck",))
    assert '<meta name="viewport"' in text
    assert "page-break-before:always" not in text  # the first page held the title alone
    tree = html.fromstring(text)
    assert all(
        t.getparent().get("class") == "wide" and t.xpath("thead")
        for t in tree.iter("table")
        if len(t.xpath(".//tr[1]/*")) > 2
    )


def test_a_guide_of_all_mappings_says_how_to_write_one_of_those_that_are_sent(tmp_path):
    every = run("guide", "nrtx", "-o", str(tmp_path / "a b.html"))
    assert f"gateway guide nrtx --mapping ID -o '{tmp_path}/a b.html'" in every
    assert "--mapping ID" not in run("guide", "nrtx", "--mapping", "x12_309_truck", "-o", str(tmp_path / "b.html"))
