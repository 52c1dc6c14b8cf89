"""`[options]` and other settings of a partner file that one format reads: refused at the start when they would do nothing.

A name that no format knows is the partner's own: its mapping tables read it as `profile.NAME`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from gateway.config_files import PartnerFile
from gateway.errors import ConfigError
from gateway.formats import NAMES, folder_of


def check_switches(name: str, file: PartnerFile) -> None:
    """Raise ConfigError for a setting that would never do anything, or stop the first file instead of the start.

    name: of the partner file.
    """
    if file.aggregate_reject == "all":
        raise ConfigError(f'{name}: aggregate_reject "all" is not carried out.', _SUM_OF_DAY)
    if "pgp" in file.unwrap and not file.pgp_home:
        raise ConfigError(f"{name}: unwrap pgp needs pgp_home.", 'Write pgp_home = "keys/gnupg", a key ring of gpg.')
    for one in file.join_formats:
        if not folder_of(one):
            raise ConfigError(f'{name}: join_formats "{one}" is no format.', 'Write for example ["cargo_xml_xfzb"].')
    if file.encoding and not _is_codec(file.encoding):
        raise ConfigError(f'{name}: encoding "{file.encoding}" is not known.', 'Write for example "cp1252".')
    for key, value in file.options.items():
        if key in _SWITCHES:
            check, words = _SWITCHES[key]
            if not check(value):
                raise ConfigError(f"{name}: options.{key} is not understood.", f"Write {words}.")
        elif key not in _READ and (close := difflib.get_close_matches(key, _READ, 1, 0.8)):
            raise ConfigError(f'{name}: options has no "{key}".', f"Did you mean {close[0]}?")
    if "tabular" in file.options:
        from gateway.table_settings import check_layout

        check_layout(name, file.options)
    if (level := file.options.get("shipment_level")) is not None:
        from gateway.formats.x12.levels import layouts

        known = sorted({layout.shipment_level for layout in layouts()})
        if level not in known:
            raise ConfigError(f"{name}: shipment_level {level!r} is not known.", f"Known: {', '.join(known)}.")


_SUM_OF_DAY = (
    "Leave the key out: what the person got before on that day is delivered and answered by then, and only its sender can cancel it. "
    "S321-AGG-800 names those shipments; cancel them and enter the whole day with another entry type."
)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_depth(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_codec(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool("x".encode(value))
    except (LookupError, ValueError):
        return False


_FLAG = (_is_flag, "true or false")
_SWITCHES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "default": _FLAG,
    "ignore_namespaces": _FLAG,
    "accept_missing_unz": _FLAG,
    "contrl_list_all": _FLAG,
    "max_depth": (_is_depth, "a whole number from 0"),
    "unox_codec": (_is_codec, 'the name of a codec: "iso2022_jp"'),
    "wrap": (lambda value: value == "keep", '"keep", or leave it out'),
    "format": (lambda value: value in NAMES, f"one of: {', '.join(NAMES)}"),
}
_READ = (*_SWITCHES, "tabular", "shipment_level")
