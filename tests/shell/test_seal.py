"""The format of sealed files: what goes in comes out, and every other byte string is noticed."""

from __future__ import annotations

import io
import itertools
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import ConfigError
from gateway.shell.seal import CHUNK, HEADER, Key, SealError, key_id, read_key, seal, unseal

KEY, OTHER = Key(bytes(range(32))), Key(bytes(32))
NAME = "20250303T100000000000-abcdef/raw"


def sealed(clear: bytes, chunk: int = 16, key: Key = KEY, name: str = NAME) -> bytes:
    return b"".join(seal([clear], key, name, chunk))


def opened(data: bytes, *keys: Key, name: str = NAME) -> bytes:
    return b"".join(unseal(io.BytesIO(data).read, {key.id: key for key in keys or (KEY,)}, name))


def noticed(data: bytes) -> bool:
    try:
        opened(data)
    except SealError:
        return True
    return False


@settings(deadline=None)
@given(clear=st.binary(max_size=600), chunk=st.integers(1, 700), cuts=st.lists(st.integers(0, 600), max_size=6))
def test_what_goes_in_comes_out_whatever_the_chunks_and_blocks(clear: bytes, chunk: int, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(clear)) for cut in cuts), len(clear)]
    blocks = [clear[a:b] for a, b in itertools.pairwise(places)]
    data = b"".join(seal(blocks, KEY, NAME, chunk))
    assert opened(data) == clear
    assert len(data) == HEADER + len(clear) + 16 * max(1, -(-len(clear) // chunk))
    assert len(clear) < 8 or clear not in data


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 32, 40])
def test_a_cut_at_any_byte_and_a_byte_more_are_noticed(size: int) -> None:
    data = sealed(bytes(range(size)))
    assert all(noticed(data[:length]) for length in range(len(data)))
    assert noticed(data + b"\0")
    assert noticed(data + data[HEADER:])
    assert not noticed(data)


@pytest.mark.parametrize("size", [0, 16, 40])
def test_a_flipped_bit_anywhere_is_noticed(size: int) -> None:
    data = sealed(bytes(range(size)))
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            assert noticed(bytes(changed)), place


@given(order=st.lists(st.integers(0, 3), max_size=6))
def test_chunks_in_any_other_order_number_or_choice_are_noticed(order: list[int]) -> None:
    data = sealed(bytes(range(60)))
    chunks = [data[HEADER + at : HEADER + at + 32] for at in range(0, len(data) - HEADER, 32)]
    assert len(chunks) == 4
    moved = data[:HEADER] + b"".join(chunks[number] for number in order)
    assert noticed(moved) is (order != [0, 1, 2, 3])


@given(data=st.binary(max_size=200))
def test_bytes_that_nobody_sealed_are_never_opened(data: bytes) -> None:
    assert noticed(data)
    assert noticed(sealed(b"")[:28] + data)


def test_chunks_of_another_file_of_the_same_key_are_noticed() -> None:
    one, two = sealed(bytes(40)), sealed(bytes(40))
    assert noticed(one[:HEADER] + two[HEADER:])
    assert noticed(one[: HEADER + 32] + two[HEADER + 32 :])
    with pytest.raises(SealError, match="is not what was sealed"):
        opened(one, name=NAME.replace("raw", "acks/a.997.edi"))


def test_the_same_bytes_never_look_the_same() -> None:
    assert len({sealed(b"JANE FICTUM")[HEADER:] for _ in range(20)}) == 20


def test_another_key_is_told_from_a_changed_file() -> None:
    data = sealed(b"JANE FICTUM")
    assert key_id(data) == KEY.id
    with pytest.raises(SealError, match=f"sealed with the key {KEY.id}, which is in none"):
        opened(data, OTHER)
    assert opened(data, OTHER, KEY) == b"JANE FICTUM"


def test_memory_does_not_grow_with_the_file() -> None:
    def much() -> Iterator[bytes]:
        for number in range(400):
            yield number.to_bytes(2, "big") * (CHUNK // 2)

    pending = seal(much(), KEY, NAME)
    rest = bytearray()

    def read(size: int) -> bytes:
        while len(rest) < size and (block := next(pending, b"")):
            rest.extend(block)
        taken = bytes(rest[:size])
        del rest[:size]
        return taken

    tracemalloc.start()
    total = sum(len(block) for block in unseal(read, {KEY.id: KEY}, NAME))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 400 * CHUNK
    assert peak < 30 * CHUNK


def test_a_key_never_shows(tmp_path: Path) -> None:
    assert repr(KEY) == f"Key({KEY.id})"
    path = tmp_path / "a.key"
    for content, mode, said in ((bytes(31), 0o600, "31 bytes"), (bytes(32), 0o640, "read by others")):
        path.write_bytes(content)
        path.chmod(mode)
        with pytest.raises(ConfigError, match=said):
            read_key(path)
    path.chmod(0o600)
    assert read_key(path).id == OTHER.id
    with pytest.raises(ConfigError, match="cannot be read"):
        read_key(tmp_path / "b.key")
