"""Outputs beyond the pilot: canonical shipments -> worksheets, entry extracts, XFZB, by tables on the way out.

    mappings/out/imd/map.csv, map.toml, template.csv  -> reading.py, field.py: a Layout, checked
    canonical message, one shipment after the other   -> fits.py, fill.py: values, and what has no source
    values                                            -> tables.py (CSV), xlsx.py, elements.py and xml.py

A new output is a folder of such files and no Python. Nothing here reads canonical fields by name: the tables do.
"""
