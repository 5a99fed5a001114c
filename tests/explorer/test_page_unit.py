"""The explorer's page: who may open it, what it answers, what it keeps, and how it ends."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from urllib.parse import urlencode, urlsplit

import pytest

import privacysim as ps
from privacysim.cli.main import main
from privacysim.errors import InputError
from privacysim.explorer import answers, page
from privacysim.explorer.preview import Preview
from privacysim.explorer.snapshots import make_snapshot, snapshot_of
from privacysim.policy import Reform, load_policy


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A session and its address, served by a thread of this process."""
    study = ps.Study(scenario="guangzhou_district", policies=["notice_only", "order_799"], days=3, sample=300)
    session = page.Session(study, tmp_path_factory.mktemp("policies"), 3)
    loop, found = asyncio.new_event_loop(), {}
    ready = threading.Event()

    async def start():
        found["link"] = page.opened(session, page.listening(None))
        ready.set()

    def run():
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(30)
    yield session, urlsplit(found["link"])
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    session.pool.shutdown()


def ask(served, path, *, method="GET", token=True, host=None, body=None, headers=None, **query):
    session, link = served
    connection = http.client.HTTPConnection(link.hostname, link.port, timeout=120)
    given = {**query, **({"token": session.token} if token else {})}
    connection.request(method, f"{path}?{urlencode(given)}", body, {
        "Host": host or link.netloc, "Content-Type": "application/x-www-form-urlencoded", **(headers or {})})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


@pytest.mark.parametrize("wrong", [
    {"token": False}, {"host": "evil.example"}, {"host": "evil.example:8866"}, {"headers": {"Origin": "http://evil.example"}},
    {"token": False, "headers": {"Cookie": "privacysim=guess"}},
])
@pytest.mark.parametrize(("path", "method"), [("/", "GET"), ("/answer", "GET"), ("/save", "POST")])
def test_without_the_token_or_from_another_page_nothing_is_answered_or_saved(served, path, method, wrong):
    body = "base=order_799&name=theirs" if method == "POST" else None
    answer, text = ask(served, path, method=method, body=body, **wrong)
    assert answer.status == 403
    assert text == "Open the address that the command printed."
    assert not list(served[0].folder.glob("*.toml"))


def test_the_token_moves_into_a_cookie_that_scripts_and_other_sites_do_not_get(served):
    answer, _ = ask(served, "/")
    assert answer.status == 302
    assert "token" not in answer.headers["Location"]
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    answer, text = ask(served, "/", token=False, headers={"Cookie": cookie.split(";")[0]})
    assert answer.status == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"https?://", text), "nothing comes from elsewhere"


def test_every_lever_has_a_label_and_the_address_holds_its_state(served):
    cookie = ask(served, "/")[0].headers["Set-Cookie"].split(";")[0]
    _, text = ask(served, "/", token=False, headers={"Cookie": cookie}, base="order_799", retention="7 d")
    levers = re.findall(r'<select id="(\w+)"', text)
    assert levers == ["base", "retention", "mask", "approver", "duties", "ban"]
    assert set(levers) <= set(re.findall(r'<label for="(\w+)"', text))
    assert '<option value="7 d" selected>' in text
    assert '<option value="order_799" selected>' in text


def test_an_answer_is_the_previews_and_refines_until_nothing_is_left(served):
    session = served[0]
    first = json.loads(ask(served, "/answer", base="order_799", retention="7 d")[1])
    assert first["left"]
    assert first["state"] == "1 of 3 replicates"
    reform, left, last = Reform("order_799", retention="7 d"), True, first
    while left:
        last = json.loads(ask(served, "/answer", base="order_799", retention="7 d", more=1)[1])
        left = last["left"]
    assert "3 of 3 replicates" in last["html"]
    assert last["state"] == "Complete"
    oracle = Preview(session.preview.study, 3)
    arm = oracle.arm(reform.kept())
    mine = session.answers.result().looks(reform)
    assert [look.values for look in mine] == [oracle.look(arm, k).values for k in range(3)]
    beside = re.search(r'aria-label="Policies side by side".*?</table>', last["html"], re.DOTALL)
    assert beside is not None
    assert beside.group().count("<tr>") == 1 + 2 + 1, "the head, both policies of the study, and the rules explored"
    ask(served, "/answer", base="order_799", retention="2 d")
    other = json.loads(ask(served, "/answer", base="order_799", retention="2 d", more=1)[1])["html"]
    other = other or json.loads(ask(served, "/answer", base="order_799", retention="2 d", more=1)[1])["html"]
    assert ">Explored: " in other
    assert f">{reform.words()}<" in other, "the rules tried before stay for comparison"


def test_worlds_follow_for_rules_that_differ_from_the_baseline_alone(served):
    mine = served[0].answers.result()
    baseline, other = Reform("notice_only"), Reform("order_799")
    for reform in (baseline, other):
        states = []
        left = True
        while left:
            left, _ = mine.work(reform)
            states.append(mine.state(reform))
        assert states[-1] == "Complete"
        assert ("2 of 3 worlds" in states) is (reform == other)
    assert [mine.worlds(one) for one in (baseline, other)] == [0, 3]
    assert "over what is not known" not in mine.html(baseline)


@pytest.mark.parametrize(("query", "said"), [
    ({"base": "nowhere"}, "Got: nowhere"), ({"retention": "8 d"}, "Fix: write 7 d"),
    ({"shutters": "x"}, "Got: shutters"),
])
def test_an_address_with_an_unknown_lever_is_three_lines(served, query, said):
    got = json.loads(ask(served, "/answer", **query)[1])
    assert said in got["said"]
    assert len(got["said"].splitlines()) <= 3
    assert "<script>" not in json.loads(ask(served, "/answer", base="<script>")[1])["html"]


def test_a_policy_is_saved_under_its_name_and_a_bad_name_is_said(served):
    def save(name):
        body = urlencode({"base": "order_799", "retention": "7 d", "approver": "judge", "name": name})
        return json.loads(ask(served, "/save", method="POST", body=body)[1])["said"]

    assert "Saved" in save("mine")
    assert load_policy(str(served[0].folder / "mine.toml")).retention.public_other.keep == 7 * 86_400.0
    for bad in ("../x", "a" * 300, "<b>"):
        assert "letters, digits" in save(bad)
    assert [path.name for path in served[0].folder.iterdir()] == ["mine.toml"]


def test_memory_is_bounded_by_the_number_of_rules_kept(served, monkeypatch):
    monkeypatch.setattr(answers, "_KEPT", 3)
    mine = served[0].answers.result()
    monkeypatch.setattr(mine.preview, "look", lambda arm, k: mine.preview.drawn(0).baseline)
    for days in (1, 2, 3, 5, 7, 10):
        mine.looks(Reform("order_799", retention=f"{days} d"))
    assert len(mine._looks) == 3


def test_a_taken_port_is_said_and_the_usual_one_gives_way_to_a_free_one(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match="a free port"):
            page.listening(port)
        monkeypatch.setattr(page, "USUAL_PORT", port)
        other = page.listening(None)
        assert other.getsockname()[1] != port
        assert other.getsockname()[0] == "127.0.0.1"
        other.close()


def test_a_snapshot_is_shown_only_for_the_inputs_that_made_it(served, tmp_path, monkeypatch):
    preview = served[0].preview
    (tmp_path / "x.html").write_text(text := make_snapshot(preview), encoding="utf-8")
    monkeypatch.setattr("privacysim.explorer.snapshots.shipped", lambda name: tmp_path)
    (tmp_path / "x.html").rename(tmp_path / f"{preview.study.plan.id}.html")
    assert snapshot_of(preview) == text
    assert "verdict" in text
    other = Preview(ps.Study(scenario="guangzhou_district", policies=["notice_only", "order_799"], days=3, sample=300,
                             seed=9), 3)  # fmt: skip
    assert snapshot_of(other) == ""


@pytest.mark.parametrize("name", ["headline", "preview"])
def test_the_shipped_snapshots_are_those_of_the_shipped_studies(name):
    assert snapshot_of(Preview(ps.Study(name))), "make them anew: python -m tools.explorer_snapshots"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["headline", "preview"])
def test_the_shipped_snapshots_hold_what_is_computed_today(name):
    preview = Preview(ps.Study(name))
    assert snapshot_of(preview) == make_snapshot(preview)


def test_an_unknown_study_or_a_port_that_is_none_is_said_before_anything_is_served(capsys):
    assert main(["study", "explore", "preveiw"]) == 2
    assert "Fix: write preview." in capsys.readouterr().err
    assert main(["study", "explore", "preview", "--port", "99999"]) == 2


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_the_server_answers_at_the_printed_address_and_ends_on_sigterm(tmp_path):
    command = [sys.executable, "-m", "privacysim", "study", "explore", "preview", "--no-browser"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    link = urlsplit(re.search(r"http://\S+", line).group())
    connection = http.client.HTTPConnection(link.hostname, link.port, timeout=60)
    connection.request("GET", f"/?{link.query}")
    assert connection.getresponse().status == 302
    connection.close()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
