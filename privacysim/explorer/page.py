"""The explorer as a web page on this machine: one process, no kernels, levers in the address, nothing from elsewhere.

Visitors need the token of the printed address, which is then stored in a cookie. A request that names another host is
refused, so a page on another site cannot reach it (DNS rebinding).
"""

import asyncio
import gc
import hmac
import secrets
import socket
import webbrowser
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.template import Template
from tornado.web import Application, HTTPError, RequestHandler

from privacysim.errors import InputError, PrivacysimError
from privacysim.explorer.answers import Answers
from privacysim.explorer.lever_choices import AS_IS, choices, reform_of, saved_words
from privacysim.explorer.preview import Preview
from privacysim.explorer.snapshots import snapshot_of
from privacysim.policy import Reform
from privacysim.study import Study

USUAL_PORT = 8866
_PAGE = Template((Path(__file__).parent / "page.html").read_text(encoding="utf-8"))


class Session:
    """What all visitors share: the preview, its answers, and the one thread that computes them."""

    def __init__(self, study: Study, folder: Path, replicates: int) -> None:
        self.preview, self.folder = Preview(study, replicates), folder
        self.token = secrets.token_urlsafe(16)
        self.pool = ThreadPoolExecutor(1)
        self.snapshot = snapshot_of(self.preview)
        self.answers: Future[Answers] = self.pool.submit(self._load)

    def _load(self) -> Answers:
        answers = Answers(self.preview)
        answers.looks(Reform(self.preview.baseline.id))
        answers.prepare()
        return answers

    def answer(self, values: Mapping[str, str], *, more: bool) -> dict[str, Any]:
        """HTML of the rules that the levers describe, after their first replicate or after one more step of work."""
        answers, reform = self.answers.result(), reform_of(values, self.preview)
        left, new = answers.work(reform) if more else (True, True)
        html = answers.html(reform) if new else ""
        return {"html": html, "left": left, "state": answers.state(reform)}

    def save(self, values: Mapping[str, str]) -> str:
        """Save the policy under the name given; says where, or why not."""
        name = values.get("name", "").strip()
        chosen = reform_of({key: one for key, one in values.items() if key != "name"}, self.preview)
        path = replace(chosen, name=name).save(self.folder)
        return saved_words(chosen.base, path)


class _Handler(RequestHandler):
    def initialize(self, session: Session) -> None:
        self.session = session

    def prepare(self) -> None:
        name = f"privacysim-{self.request.host.rpartition(':')[2]}"
        given = self.get_query_argument("token", self.get_cookie(name, "") or "")
        origin = self.request.headers.get("Origin", f"http://{self.request.host}")
        known = self.request.host in self.settings["hosts"] and origin == f"http://{self.request.host}"
        if not known or not hmac.compare_digest(given.encode(), self.session.token.encode()):
            raise HTTPError(403)
        if "token" in self.request.query_arguments:
            self.set_cookie(name, self.session.token, httponly=True, samesite="Strict", path="/")

    def values(self) -> dict[str, str]:
        """The levers of the request."""
        given = self.request.arguments
        return {name: self.get_argument(name) for name in given if name not in ("token", "more")}

    def write_error(self, status_code: int, **given: object) -> None:
        self.finish("Open the address that the command printed." if status_code == 403 else "This is not a page.")

    async def tell(self, work: Any, *given: Any, **more: Any) -> None:
        """Answer with what the work gives, as JSON, or with the sentence of its error."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(self.session.pool, lambda: work(*given, **more))
        except PrivacysimError as error:
            shown = f'<p class="error" role="alert">{escape(str(error))}</p>'
            found = {"html": shown, "left": False, "state": "", "said": str(error)}
        self.finish(found if isinstance(found, dict) else {"said": found})


class _Page(_Handler):
    def get(self) -> None:
        """The page with the levers of the address; the shipped answer, if it is the one that is asked for."""
        preview, nonce, values = self.session.preview, secrets.token_urlsafe(8), self.values()
        if "token" in self.request.query_arguments:
            self.redirect("./")
            return
        offered = choices(preview)
        usual = dict.fromkeys(offered, AS_IS) | {"base": preview.baseline.id}
        chosen = {name: values.get(name, one) for name, one in usual.items()}
        as_shipped = self.session.snapshot and chosen == usual
        self.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; "
                        f"script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
        self.set_header("Referrer-Policy", "no-referrer")
        self.finish(_PAGE.generate(title=preview.study.plan.title, nonce=nonce, levers=offered, chosen=chosen,
                                   answer=self.session.snapshot if as_shipped else "", ready=as_shipped))


class _Answer(_Handler):
    async def get(self) -> None:
        """The answer to the levers of the address, as JSON."""
        await self.tell(self.session.answer, self.values(), more="more" in self.request.arguments)


class _Save(_Handler):
    def check_xsrf_cookie(self) -> None:
        """Origin and a same-site cookie are checked for every request."""

    async def post(self) -> None:
        """Save the policy."""
        await self.tell(self.session.save, self.values())


def listening(port: int | None) -> socket.socket:
    """Socket on the loopback address: of this port, or of the usual one or any free one."""
    for wanted in (USUAL_PORT, 0) if port is None else (port,):
        try:
            found = socket.create_server(("127.0.0.1", wanted))
        except OSError as error:
            if port is not None:
                raise InputError("--port", "a free port", f"{port} ({error.strerror})", "name another one") from None
            continue
        found.setblocking(False)
        return found
    raise InputError("study explore", "a free port on 127.0.0.1", "none", "end another program that listens")


def opened(session: Session, at: socket.socket) -> str:
    """Answer requests at this socket; returns the address with the token."""
    address, given = f"127.0.0.1:{at.getsockname()[1]}", {"session": session}
    pages = [("/", _Page, given), ("/answer", _Answer, given), ("/save", _Save, given)]
    hosts = (address, address.replace("127.0.0.1", "localhost"))
    HTTPServer(Application(pages, hosts=hosts, log_function=lambda handler: None)).add_socket(at)
    return f"http://{address}/?token={session.token}"


def serve(study: str, *, port: int | None = None, browser: bool = True, replicates: int = 20) -> None:
    """Serve the explorer of a study until it is stopped (Ctrl-C or SIGTERM); only this machine can reach it.

    Policies are saved into `sim/policies` of this folder.
    """
    session = Session(Study(study), Path.cwd() / "sim" / "policies", replicates)

    # what is drawn once stays; it need not be searched for garbage while somebody waits for an answer
    session.answers.add_done_callback(lambda _: gc.freeze())

    async def run() -> None:
        link = opened(session, listening(port))
        print(f"The explorer of {study}: {link}  (policies are saved into {session.folder}; stop: Ctrl-C)", flush=True)
        if browser:
            webbrowser.open(link)
        await asyncio.Event().wait()

    try:
        asyncio.run(run())
    finally:
        session.pool.shutdown(cancel_futures=True)
