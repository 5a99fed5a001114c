"""`privacysim policy …` and `privacysim facts …` say what a lawyer asks for, and exit as promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from privacysim.cli.main import main
from privacysim.files import named_files
from privacysim.policy import load_policy
from privacysim.policy.policy_files import policy_files


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(list(arguments)) == status
    captured = capsys.readouterr()
    return captured.out if status == 0 else captured.err


def test_the_list_names_every_policy_with_its_status_and_date(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "policy", "list")
    for name in named_files("policies"):
        (line,) = [line for line in text.splitlines() if line.split()[:1] == [name]]
        assert load_policy(name).status in line
        assert str(load_policy(name).law_date) in line


@pytest.mark.parametrize("name", sorted(named_files("policies")))
def test_a_policy_is_shown_with_every_citation_and_departure(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text, policy = said(capsys, "policy", "show", name), load_policy(name)
    for departure in policy.departures:
        assert departure in text
    for rule in (*policy.access, *policy.forbidden):
        assert rule.id in text
        assert all(reference.article in text for reference in rule.reference)
        assert rule.assumption in text
    assert "\x1b" not in text


def test_the_difference_to_the_draft_is_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "policy", "diff", "notice_only", "guangzhou_draft:wide")
    assert "silent (hard gap) → prohibited, express: view" in text
    assert "emergency services" in text
    assert said(capsys, "policy", "diff", "order_799", "order_799").strip().endswith("No difference.")
    waiver = said(capsys, "policy", "diff", "order_799", "order_799_no_waiver")
    assert "+ logs: roads and squares, crowded venues, other public places, places beside secret sites" in waiver
    assert "Routes" not in waiver


def test_check_finds_the_bad_file_and_exits_with_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert said(capsys, "policy", "check").count("valid (") == len(policy_files())
    assert "valid (" in said(capsys, "policy", "check", "order_799")
    bad = tmp_path / "sim" / "policies" / "bad.toml"
    bad.parent.mkdir(parents=True)
    bad.write_text('id = "bad"\nextends = "notice_only"\ntitle = {en = "Bad"}\nstatus = "draft"\nfootge = false\n')
    monkeypatch.chdir(tmp_path)
    alone = said(capsys, "policy", "check", "bad", status=2)
    assert len(alone.splitlines()) == 3
    assert "write footage" in alone
    assert "write footage" in said(capsys, "policy", "check", status=2)


@pytest.mark.parametrize("arguments", [
    ("policy", "show", "order_798"), ("policy", "show", "order_799", "--law-date", "yesterday"),
    ("policy", "show", "order_799", "--law-date", "2001-06-01"), ("policy", "diff", "order_799", "nothing"),
    ("facts", "show", "compliances"), ("facts", "list", "--status", "guess"), ("policy", "check", "nowhere.toml"),
])
def test_what_cannot_be_used_is_told_in_three_lines(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str],
) -> None:
    assert 1 <= len(said(capsys, *arguments, status=2).splitlines()) <= 3


def test_a_fact_is_shown_with_its_source(capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "facts", "show", "cameras_per_1000")
    for part in ("52.75", "25.8", "480", "Comparitech", "secondary source"):
        assert part in text
    listed = said(capsys, "facts", "list", "--status", "measured")
    assert "mask_cctv_d_max" in listed
    assert "cameras_per_1000" not in listed
