"""No decoder opens an address: neither one that is named nor one inside a playlist."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from privacysim.errors import InputError
from privacysim.masklab.video import mask_video


@pytest.fixture
def server():
    """A server on loopback, and the connections that it saw."""
    seen: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as waiting:
        waiting.settimeout(0.2)
        ends = threading.Event()

        def serve() -> None:
            while not ends.is_set():
                try:
                    seen.append(waiting.accept())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=serve)
        thread.start()
        yield waiting.getsockname()[1], seen
        ends.set()
        thread.join()


@pytest.mark.parametrize("scheme", ["http", "rtsp", "tcp", "udp", "https"])
def test_an_address_is_refused_and_not_opened(scheme, server, tmp_path):
    port, seen = server
    with pytest.raises(InputError, match="an address, which is never opened"):
        mask_video(f"{scheme}://127.0.0.1:{port}/a.mp4", tmp_path / "out.mp4", "box")
    assert seen == []


@pytest.mark.parametrize("content", [
    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
    "ffconcat version 1.0\nfile 'http://127.0.0.1:{port}/a.mp4'\n",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n",
])  # fmt: skip
@pytest.mark.parametrize("name", ["a.m3u8", "a.mp4", "a.sdp"])
def test_a_playlist_opens_no_address(content, name, server, tmp_path):
    port, seen = server
    source: Path = tmp_path / name
    source.write_text(content.format(port=port))
    with pytest.raises(InputError):
        mask_video(str(source), tmp_path / "out.mp4", "box")
    assert seen == []
