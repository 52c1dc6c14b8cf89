"""What comes often, among any number of things that come once."""

from __future__ import annotations

from gateway.often import Often


def test_a_key_is_told_when_it_has_come_so_many_times_and_counted_anew_behind() -> None:
    often = Often[str](3, 10)
    assert [often(key) for key in "abaacaaa"] == [False, False, False, True, False, False, False, True]


def test_keys_that_come_once_do_not_fill_the_memory_and_those_that_are_counted_count_on() -> None:
    often = Often[int](2, 100)
    assert not any(often(key) for key in range(1000))
    assert len(often) == 100
    assert [often(key) for key in (999, 999, 5)] == [False, False, True]
    assert [often(key) for key in (999, 999)] == [False, True]  # 5 left its place
