"""The guide for a carrier: one page that stands alone, and says what the tables say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from lxml import html

from gateway.commands.guide import guide_page
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
