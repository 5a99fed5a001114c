"""Sealed files: one flipped bit, a cut or another file never gives another value; what cannot be kept is not lost."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from privacysim.sealed import cache_file, keep, kept, offer, sealed_text

LEAVES = some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text()
PLAIN = some.recursive(LEAVES, lambda one: some.lists(one) | some.dictionaries(some.text(), one), max_leaves=8)
PART = {"unit": [0, 3], "arms": {"a": {"m": {"low": 0.1, "n": 7}}}, "notes": ["x"], "cost": {}, "heard": []}


@given(PLAIN)
def test_a_value_comes_back_with_every_bit(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "sealed.json"
    path.write_bytes(sealed_text(value))
    assert kept(path) == value or (value is None and kept(path) is None)


def test_none_of_400_flipped_bits_is_believed(tmp_path):
    whole, path, rng = sealed_text(PART), tmp_path / "a.json", random.Random(185)
    for _ in range(400):
        content = bytearray(whole)
        content[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        assert kept(path) is None


@pytest.mark.parametrize("content", [b"", b"{", b"null", b'{"sha256": "", "value":\n1\n}\n', sealed_text(PART)[:-1],
                                     b" " + sealed_text(PART), b"[" * 100_000])  # fmt: skip
def test_another_file_counts_as_missing(content, tmp_path):
    (tmp_path / "a.json").write_bytes(content)
    assert kept(tmp_path / "a.json") is None
    assert kept(tmp_path / "none.json") is None
    assert kept(tmp_path) is None


def test_a_cache_that_cannot_be_written_is_said_once_and_loses_nothing(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(tmp_path / "file" / "cache"))
    path = cache_file("pilots", "a", "b")
    offer(path, PART)
    offer(path, PART)
    assert capsys.readouterr().err.count("The cache is not used") == 1
    assert kept(path) is None
    assert cache_file("pilots", "ab", "") != cache_file("pilots", "a", "b")
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(tmp_path / "cache"))
    keep(cache_file("pilots", "a", "b"), PART)
    assert kept(cache_file("pilots", "a", "b")) == PART
