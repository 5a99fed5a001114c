"""A scenario's numbers about cameras, access and leaks: impossible ones are refused in three lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from privacysim.errors import InputError
from privacysim.files import Quantity
from privacysim.scenario import load_scenario
from privacysim.scenario.sections import AccessSection, CamerasSection, LeaksSection


@pytest.mark.parametrize(("section", "key", "value", "says"), [
    ("cameras", "per_1000", "-3.0", "at least 0"),
    ("cameras", "public_share", "1.5", "between 0 and 1"),
    ("access", "p_asked", "-0.1", "between 0 and 1"),
    ("access", "delay_median_d", "0.0", "above 0"),
    ("leaks", "close_per_day", "0.0", "above 0"),
    ("leaks", "local_share", "nan", "finite"),
])
def test_an_impossible_number_is_refused_with_its_key(
    tmp_path: Path, section: str, key: str, value: str, says: str
) -> None:
    path = tmp_path / "case.toml"
    path.write_text(
        f'id = "case"\ntitle = "A case"\n[city]\nkind = "synthetic"\n[{section}]\n'
        f'{key} = {{value = {value}, assumption = "a test"}}\n'
    )
    with pytest.raises(InputError, match=says) as error:
        load_scenario(str(path))
    text = str(error.value)
    assert key in text.splitlines()[0]
    assert len(text.splitlines()) <= 3


@pytest.mark.parametrize("section", [CamerasSection, AccessSection, LeaksSection])
def test_every_default_is_a_fact_and_would_pass_its_own_check(section: type) -> None:
    made = section()
    numbers = {name: value for name, value in made if isinstance(value, Quantity)}
    assert numbers
    assert all(value.fact is not None for value in numbers.values())
    raw = {name: {"value": value.number, "assumption": "the default"} for name, value in numbers.items()}
    assert section.model_validate(raw) is not None
