"""Outputs beyond the pilot: canonical shipments -> worksheets, entry extracts, XFZB, by tables on the way out.

    mappings/out/imd/map.csv, map.toml, template.csv  -> layout.py   the table, checked
    canonical message, one shipment after the other   -> fill.py     cells, and what has no source
    cells                                             -> tables.py (CSV), xlsx.py, xml.py

A new output is a folder of such files and no Python. Nothing here reads canonical fields by name: the tables do.
"""
