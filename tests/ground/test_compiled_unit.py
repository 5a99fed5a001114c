"""Compiled kernels: a damaged, full or read-only cache costs a compilation and one sentence, never a result."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest

from privacysim import compiled

KERNEL = '''
import sys
from privacysim.compiled import jit

@jit
def doubled(x):
    return 2 * x

if __name__ == "__main__":
    print(doubled(21), sum(doubled.stats.cache_hits.values()) if doubled.stats else 0)
'''


@pytest.fixture
def kernel(tmp_path):
    folder = tmp_path / "installed"
    folder.mkdir()
    (folder / "kernel.py").write_text(KERNEL)

    def run(**more: str) -> tuple[str, str]:
        env = {**os.environ, "PRIVACYSIM_CACHE": str(tmp_path / "cache"), **more}
        env.pop("NUMBA_DISABLE_JIT", None)
        done = subprocess.run([sys.executable, str(folder / "kernel.py")], capture_output=True, text=True, env=env,
                              timeout=120, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip(), done.stderr.strip()

    return folder, run


def test_a_kernel_is_kept_and_compiled_again_when_its_files_are_damaged(kernel):
    folder, run = kernel
    assert run() == ("42 0", "")
    assert run() == ("42 1", "")
    rng = random.Random(185)
    for ending, cut in (("nbi", True), ("nbc", False)):
        [path] = (folder / "__pycache__").glob(f"*.{ending}")
        content = bytearray(path.read_bytes())
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(b"" if cut else bytes(content))
        out, err = run()
        assert out == "42 0", (ending, cut)
        assert err.endswith("the compiled kernels were damaged; they are compiled again.")
        assert len(err.splitlines()) == 1
        assert run() == ("42 1", ""), "kept again"


def test_an_installation_that_cannot_be_written_keeps_kernels_in_our_cache(kernel, tmp_path):
    folder, run = kernel
    (folder / "__pycache__").write_text("not a folder")  # root may write where permissions forbid it
    assert run() == ("42 0", "")
    assert run() == ("42 1", "")
    assert list((tmp_path / "cache" / "numba").rglob("*.nbc"))
    (tmp_path / "none").write_text("not a folder")
    out, err = run(PRIVACYSIM_CACHE=str(tmp_path / "none"))
    assert out == "42 0"
    assert err.splitlines() == ["Compiled kernels cannot be kept, so each process compiles its own.",
                                "  Fix: name a folder that can be written in PRIVACYSIM_CACHE."]


def test_an_installation_without_compiled_kernels_is_known_as_new(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "PACKAGE", tmp_path / "package")
    monkeypatch.setenv("PRIVACYSIM_CACHE", str(tmp_path / "cache"))
    assert compiled.nothing_compiled()
    kept = tmp_path / "cache" / "numba" / "sight_1" / "sealed-clip_kernel.x-1.py311.nbi"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert not compiled.nothing_compiled()
