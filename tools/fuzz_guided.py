"""Coverage-guided fuzzing: atheris finds which damage leads a reader into new code and continues from there.

`python tools/fuzz_guided.py policy -runs=20000` takes any target of `fuzz.py`; other arguments go to libFuzzer.
Atheris is not in the lock, because it has no wheel for every Python; install it with `pip install atheris`. A finding
ends the search and is stored in `tests/corpus/`, where the plain run reads it again.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(name: str, arguments: list[str]) -> None:
    """Fuzz one target from its shipped files; does not return."""
    try:
        import atheris
    except ImportError:
        sys.exit("fuzz_guided.py needs atheris: pip install atheris")
    sys.path.insert(0, str(ROOT))
    with atheris.instrument_imports(include=["privacysim"]):  # before any module is loaded
        from tools import fuzz
    home = Path(tempfile.mkdtemp(prefix="privacysim-guided-"))
    os.environ.setdefault("PRIVACYSIM_CACHE", str(home / "cache"))
    os.chdir(home)
    known = {target.name: target for target in fuzz.targets(home, fuzz.toy_results(home / "results"))}
    if name not in known:
        sys.exit(f"fuzz_guided.py: one of {', '.join(known)} (not {name!r})")
    target, seeds = known[name], home / "seeds"
    seeds.mkdir()
    names = list(target.seeds)
    for number, content in enumerate(target.seeds.values()):
        (seeds / str(number)).write_bytes(bytes([number]) + content)

    def one(data: bytes) -> None:
        """Try one input; its first byte chooses the file's name and therefore its format."""
        if not data:
            return
        file = names[data[0] % len(names)]
        said = fuzz.attempt(target, file, data[1:], home)
        if said:
            kept = fuzz.CORPUS / name.replace("/", "~") / f"{hashlib.sha256(data).hexdigest()[:10]}-{file}"
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(data[1:])
            raise RuntimeError(f"{kept}\n{said}")

    atheris.Setup([sys.argv[0], "-max_len=20000", "-timeout=60", *arguments, str(seeds)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:])
