"""Whatever the bytes are, reading ends, raises nothing and closes what it opened."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats import tabular
from gateway.records import InterchangeBegin, InterchangeEnd, MessageBegin, MessageEnd
from gateway.site import base_site
from tests.drops import chunks_of

HEAD = b"house_bill,consignee_name,item_description,item_value,currency,arrival_date\n"
PIECES = st.sampled_from(
    [b",", b";", b"\n", b"\r\n", b"\r", b'"', b"'", b"=", b"#REF!", b"1E+5", b"\0", b"\xff", "深".encode(), b"TOTAL", b"GW1",
     b"3/1/2025", b"45717", b"$1,018.20", b"{", b"}", b"[", b"]", b":", b'"items"', b'"house_bill"', b"1", b" ", b"PK\x03\x04"]
)  # fmt: skip
TEXT = st.lists(PIECES, max_size=40).map(b"".join)


def check(data: bytes, sizes: list[int]) -> None:
    events = list(tabular.read(chunks_of(data, sizes), base_site().partners["gwsender"].profile))
    kinds = [type(e) for e in events]
    assert kinds[0] is InterchangeBegin
    assert kinds[-1] is InterchangeEnd
    assert kinds.count(MessageBegin) == kinds.count(MessageEnd)


@settings(max_examples=150)
@given(TEXT, st.lists(st.integers(1, 9), max_size=5))
def test_anything_behind_a_header(data, sizes):
    check(HEAD + data, sizes)


@settings(max_examples=150)
@given(
    TEXT,
    st.lists(st.integers(1, 9), max_size=5),
    st.sampled_from([b"", b"{", b"[{", b'{"a": 1}\n', b'{"shipments": [']),
)
def test_anything_at_all(data, sizes, start):
    check(start + data, sizes)


@settings(max_examples=100)
@given(st.binary(max_size=300))
def test_any_bytes(data):
    check(data, [])
