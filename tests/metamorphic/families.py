"""The frames of all formats."""

from __future__ import annotations

from functools import cache

from tests.metamorphic import documents, segmented
from tests.metamorphic.frames import Frame


@cache
def frames() -> dict[str, Frame]:
    """Return name -> frame."""
    s, d = segmented, documents
    houses = ("GWH00",)
    post = ("LX", "UA", "HX", "GBLALAUSJFKAAUN50")
    found = [
        s.x12_shipments("309 truck", "x12/01", "x12/06", "x12/05", "x12/02"),
        s.x12_shipments("309 truck in one line", "x12/06", "x12/01", end="~"),
        s.x12_shipments("309 ocean", "x12/07", end="~\r\n"),
        s.x12_shipments("309 rail", "x12/08"),
        s.x12_shipments("309 amended", "x12/04"),
        s.x12_pages("309 pages", "x12/01", "x12/06"),
        s.x12_shipments("856 parcels", "x12/15"),
        s.x12_shipments("856 orders", "x12_856_order/two_orders.edi"),
        s.x12_shipments("856 packs", "x12_856_pack/two_packs.edi"),
        s.x12_shipments("204", "x12_204/two_deliveries.edi", keep=1),
        s.x12_shipments("110", "x12_110/two_shipments.edi"),
        s.x12_shipments("104", "x12_104/two_shipments.edi"),
        s.x12_messages("309 sets", "x12/01", "x12/06", "x12/53"),
        s.x12_messages("310 sets", "x12_310/one_bill.edi", "x12_310/one_bill.edi"),
        s.interchanges("x12 interchanges", "x12/01", "x12/07", "x12/08", "x12/15", "x12/16", "x12/17", "x12/18", "x12/06", "x12/49", "x12/52", "cases/S003", "cases/S010", between=b"\n"),
        s.edifact_shipments("cuscar air", "edifact/01", "edifact/12", "edifact/05"),
        s.edifact_shipments("cuscar truck", "edifact/02"),
        s.edifact_shipments("cuscar ocean", "edifact/03"),
        s.edifact_shipments("ifcsum", "edifact/14"),
        s.edifact_shipments("ifcsum groupage", "edifact/13"),
        s.edifact_shipments("itmatt edifact", "edifact/17", words=("UA", "LV", "CE")),
        s.edifact_shipments("predes edifact", "edifact/18", words=("UA", "LV", "CE", "AAUN50")),
        s.edifact_messages("iftmin", "edifact/15", "edifact/15", "edifact/15"),
        s.edifact_messages("edifact messages", "edifact/15", "edifact/14", "edifact/01", "edifact/16", "edifact/11"),
        s.interchanges("edifact interchanges", "edifact/01", "edifact/03", "edifact/14", "edifact/15", "edifact/13", "edifact/06", "edifact/04", "edifact/07", "edifact/30", between=b"\n"),
        s.cargo_imp_houses("fhl houses", "cargoimp/04"),
        s.cargo_imp_messages("cargo-imp messages", "cargoimp/03", "cargoimp/01", "cargoimp/02", "cargoimp/04", "cargoimp/05", "cargoimp/06", "cargoimp/07", "cargoimp/12", "cargoimp/15"),
        d.xml_pieces("xfhl houses", "ram:IncludedHouseConsignment", "xml/05", "xml/13", words=houses),
        d.xml_pieces("itmatt items", "item", "xml/15", words=("LX", "UA", "HX")),
        d.xml_pieces("predes receptacles", "receptacle", "xml-extra/03", words=post),
        d.xml_document("xfzb", "xml/03"),
        d.xml_document("xfzb errors", "xml/09"),
        d.xml_document("xfwb", "xml/02"),
        d.xml_document("xffm", "xml/06"),
        d.xml_document("wco", "xml/14"),
        d.xml_document("ubl", "xml-extra/01"),
        d.json_pieces("itmatt json", "xml-extra/05", (), words=("LX", "UA")),
        d.json_pieces("predes json", "xml-extra/04", ("Item",), words=("LX", "HX")),
        d.json_pieces("ace trip", "csv/09", ("shipments",), words=("GWXX00",)),
        d.json_pieces("json lines", "xml-extra/05", (), lines=True, words=("LX", "UA")),
        d.table("csv", "csv/01", "hawb", words=("GWH00", "1ZSAMPLE")),
        d.table("csv other names", "tabular_csv/other_names.csv", "HAWB No.", words=("GWX00",), delimiter=";"),
        d.table("orders", "tabular_marketplace/orders.csv", first_column("tabular_marketplace/orders.csv"), words=("LPX",)),
        d.table("german", "csv/02", first_column("csv/02", ";"), words=("GWH000", "CP"), delimiter=";", partner="german"),
        d.table("order export", "csv/11", "Name", words=("#",), partner="marketplace", fixed=("Currency",)),
        d.table("without header", "csv/05", "", words=("GWH000",), delimiter="|", partner="headerless"),
        d.rows_as_objects("json rows", "csv/01", "hawb", words=("GWH00", "1ZSAMPLE")),
        d.rows_as_objects("json rows in lines", "csv/01", "hawb", words=("GWH00", "1ZSAMPLE"), lines=True),
        d.workbook("xlsx", "csv/01", "hawb", words=("GWH00", "1ZSAMPLE")),
    ]  # fmt: skip
    return {frame.name: frame for frame in found}


def first_column(name: str, delimiter: str = ",") -> str:
    """Return the name of the first column of a table."""
    return segmented.sample_of(name).partition(delimiter.encode())[0].decode()
