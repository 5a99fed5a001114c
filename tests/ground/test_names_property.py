"""An id that becomes a file, a column or a heading is checked where it is read; no text steers a terminal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

import privacysim as ps
from privacysim.errors import InputError, shown
from privacysim.files import checked_name, read_toml, validate
from privacysim.law import laws
from privacysim.policy import Reform
from privacysim.robustness.levers import Design
from privacysim.simulation.inputs import StudyFile

HOSTILE = ("/abs/x", "../../../../victim/mine", "a/b", "a\\b", " ", "", "a\0b", "x" * 300, "CON", "con.txt", "nul",
           "LPT1.a", "a\u202eb", "x.toml", "a\nb", ".hidden", "..", "é", "a b", "$(id)")  # fmt: skip
"""The ids that faults.md tried, and others of their kind."""
POLICY = {"extends": "order_799", "title": {"en": "x"}, "status": "hypothetical",
          "retention": {"public": {"keep": "7 d", "assumption": "a reform"}}}  # fmt: skip
RULE = {"outcome": "authorised", "assumption": "a reform"}


def read_as(kind: str, name: str) -> object:
    if kind == "policy":
        return ps.load_policy(POLICY | {"id": name})
    if kind == "rule":
        return ps.load_policy(POLICY | {"id": "mine", "access": [RULE | {"id": name}]})
    if kind == "scenario":
        return ps.load_scenario({"id": name, "title": "a", "city": {"kind": "synthetic"}})
    if kind == "study":
        return validate(StudyFile, {"id": name, "scenario": "guangzhou_district", "policies": ["notice_only"],
                                    "baseline": "notice_only"}, "here")  # fmt: skip
    if kind == "law":
        return laws([{"law": [{"id": name, "title": {"en": "x"}, "short": "x"}]}])
    if kind == "reform":
        return Reform("order_799", retention="7 d", name=name) if name else checked_name(name)
    return validate(Design, {"id": name, "scenario": "guangzhou_district", "policy": "order_799"}, "here")


@pytest.mark.parametrize("kind", ["policy", "rule", "scenario", "study", "law", "reform", "design"])
def test_no_hostile_id_is_read_and_a_usual_one_is(kind):
    if kind not in ("law", "design"):
        read_as(kind, "my_order-7.a")
    for name in HOSTILE:
        with pytest.raises(ValueError, match=r"letters, digits|control characters") as error:
            read_as(kind, name)
        assert all(one.isprintable() for one in str(error.value).replace("\n", "")), repr(name)


@given(some.text(max_size=130) | some.text("a./\\-_", max_size=9)
       | some.from_regex(r"[a-z0-9_.\-]{1,125}", fullmatch=True))
def test_a_name_that_is_accepted_is_one_file_in_its_folder(name):
    try:
        checked_name(name)
    except ValueError:
        return
    path = Path("/somewhere") / f"{name}.toml"
    assert Path(os.path.normpath(path)).parent == Path("/somewhere")
    assert name.isascii()
    assert name.isprintable()
    assert len(path.name) < 255


@given(some.text())
def test_whatever_is_quoted_is_printable_and_short(text):
    assert shown(text).isprintable()
    assert len(shown(text)) <= 120
    error = InputError(text, text, text, text)
    assert all(line.isprintable() for line in str(error).split("\n"))


@pytest.mark.parametrize(("content", "said"), [
    (b"a = " + b"9" * 4301, "4300 digits"), (b"secret = \"hunter2\"\nsecret = 2\n", "valid TOML"),
    (b"root:x:0:0:root:/root:/bin/bash\n", "valid TOML"), (b"\xff\xfe\x00", "UTF-8"), (b"a = " + b"[" * 5000, "levels"),
])  # fmt: skip
def test_a_file_that_is_no_toml_is_refused_and_not_quoted(content, said, tmp_path):
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(InputError) as error:
        read_toml(tmp_path / "a.toml")
    assert said in str(error.value)
    assert "hunter2" not in str(error.value)
    assert "bin/bash" not in str(error.value)


def test_a_byte_order_mark_deep_keys_and_control_characters(tmp_path):
    (tmp_path / "a.toml").write_bytes(b'\xef\xbb\xbfid = "a"\n')
    assert read_toml(tmp_path / "a.toml") == {"id": "a"}
    (tmp_path / "b.toml").write_text(".".join(["a"] * 3_000) + " = 1")
    with pytest.raises(InputError, match="levels deep"):
        ps.load_policy(str(tmp_path / "b.toml"))
    with pytest.raises(InputError, match="control characters"):
        ps.load_policy(POLICY | {"id": "a", "summary": "\x1b[31mred"})


@pytest.mark.parametrize("area", [1e23, 1e308])
def test_a_city_larger_than_a_country_is_refused(area):
    city = {"kind": "synthetic", "area_km2": {"value": area, "assumption": "much"}}
    with pytest.raises(InputError, match="at most 1e\\+06"):
        ps.load_scenario({"id": "a", "title": "a", "city": city})
