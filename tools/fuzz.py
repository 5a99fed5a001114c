"""Fuzzing: damaged files and commands must give a result or a short error, never a traceback, hang or flood of text.

`python tools/fuzz.py --examples 5000 --seed 1` damages shipped files and test files in many ways and passes them to
every reader, all in this process: 4 ms of CPU time each. It fails for a finding, and if its memory exceeds 1 GiB. The
long set does so with 100,000 inputs, or as `PRIVACYSIM_FUZZ="500000 7"` says, with the number and the seed. Inputs that
break a reader are stored in `tests/corpus/`, and the tests try them again in every run.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import signal
import sqlite3
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from privacysim.city.sources import osm_plan
from privacysim.cli.main import main as command
from privacysim.errors import PrivacysimError, optional
from privacysim.facts import read_facts
from privacysim.files import file_digest, validate
from privacysim.law.law_packs import laws
from privacysim.masklab.pictures import read_picture
from privacysim.masklab.video import _read_boxes
from privacysim.policy.policy_files import load_policy
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.track_files import read_tracks
from privacysim.report.report_source import read_source
from privacysim.results.manifest import digest_of
from privacysim.results.saving import our_files
from privacysim.robustness.levers import load_design
from privacysim.scenario import Scenario, load_scenario
from privacysim.sealed import sealed_text
from privacysim.simulation.inputs import load_study_file
from privacysim.study.running import read_part
from privacysim.tracks.detour import read_town

ROOT = Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "corpus"
_RARE = 200
"""One input in so many goes to a reader of many files."""
MOST_MIB = 600
"""Largest growth of memory with a single small input."""
LONGEST_S = 20.0
"""Longest time for a single small input on a busy machine; anything longer is a hang."""

TOKENS = (
    b"nan", b"inf", b"-inf", b"1e999", b"-1", b"0", b"99999999999999999999", b"''", b'""', b"[]", b"{}", b"[[", b"]]",
    b"=", b"true", b"null", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"../../etc/passwd", b"$(id)", b"`id`",
    b"%n%s%x", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>", b"&b;", b"<script>", b"__import__('os')",
    b"{0.__class__}", b"2024-02-30", b"9999999999999 d", b"-5 d", b"1e400 m", "広州".encode(), "\u202e".encode(),
    b"[" * 400, b"(" * 400, b"a" * 5000, b'extends = "order_799"\n', b'layer = ["order_799", "order_799"]\n',
)  # fmt: skip

GPX = b"""<?xml version="1.0" encoding="UTF-8"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
<trkpt lat="60.1700" lon="24.9400"><time>2022-01-28T11:44:16Z</time></trkpt>
<trkpt lat="60.1705" lon="24.9405"><time>2022-01-28T11:45:16Z</time></trkpt></trkseg></trk></gpx>"""
KML = b"""<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>a</name><ExtendedData>
<Data name="direction"><value>90</value></Data></ExtendedData><Point><coordinates>24.94,60.17,0</coordinates></Point>
</Placemark></Document></kml>"""
GEOJSON = b"""{"type": "FeatureCollection", "features": [{"type": "Feature",
"geometry": {"type": "Point", "coordinates": [24.94, 60.17]}, "properties": {"heading": 90, "operator": "Police"}}]}"""
CSV = b"latitude,longitude,heading,operator\n60.17,24.94,90,Police\n60.18,24.95,,shop\n"
TRACK = b"lat,lon,time\n60.17,24.94,2022-01-28T11:44:16Z\n60.18,24.95,2022-01-28T11:45:16Z\n"
SUMO = b"""<fcd-export><timestep time="0"><person id="p" x="24.94" y="60.17"/></timestep>
<timestep time="5"><person id="p" x="24.9401" y="60.17"/></timestep></fcd-export>"""
OSM = b"""<?xml version="1.0" encoding="UTF-8"?><osm version="0.6"><node id="1" lat="54" lon="5"/>
<node id="2" lat="54.001" lon="5"/><node id="3" lat="54" lon="5.001"/><node id="4" lat="54.0001" lon="5.0004">
<tag k="man_made" v="surveillance"/><tag k="camera:direction" v="90"/><tag k="height" v="4"/></node>
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="footway"/></way>
<way id="2"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="building" v="yes"/>
<tag k="building:levels" v="3"/></way></osm>"""
BOXES = b"frame,left,top,right,bottom\n0,1,2,30,40\n1,2,2,31,40\n"
BAND = b"policy,metric,curve,unit,n,fewest,drawn,most,note\nnotice_only,cameras_listed,,cameras,10,1.5,2,3,\n"
PART = {"unit": [0, 3], "arms": {"a": {"m": {"low": 0.1, "n": 7}}}, "notes": ["x"], "cost": {}, "heard": []}


def read_city(path: Path) -> object:
    """Streets and homes of a scenario whose map is this file."""
    city = {"id": "t", "title": "t", "city": {"kind": "osm", "osm": str(path)},
            "population": {"people": {"value": 300, "assumption": "a test"}}}  # fmt: skip
    return osm_plan(validate(Scenario, city, "t.toml").city, 300)


def binary_seeds(work: Path) -> tuple[bytes, bytes, bytes]:
    """A GeoPackage with one camera, a PNG and a JPEG."""
    import cv2  # after the package, which bounds the size of pictures

    base = sqlite3.connect(path := work / "seed.gpkg")
    base.executescript("pragma page_size = 512; create table gpkg_spatial_ref_sys (srs_id int, "
                       "organization_coordsys_id int); create table gpkg_geometry_columns (table_name text, "
                       "column_name text, srs_id int); insert into gpkg_geometry_columns values ('c', 'geom', 4326); "
                       "create table c (fid integer primary key, geom blob, operator text)")  # fmt: skip
    point = b"GP\0\1" + struct.pack("<i", 4326) + b"\1" + struct.pack("<Idd", 1, 24.94, 60.17)
    base.execute("insert into c (geom, operator) values (?, 'Police')", (point,))
    base.commit()
    base.close()
    picture = np.add.outer(np.arange(16), np.arange(16)).astype(np.uint8)
    png, jpg = (cv2.imencode(ending, picture)[1].tobytes() for ending in (".png", ".jpg"))
    return path.read_bytes(), png, jpg


class Target:
    """A reader with files to damage: `read(path)` gets a damaged copy with the original's name."""

    def __init__(self, name: str, seeds: dict[str, bytes], read: Callable[[Path], object]) -> None:
        self.name, self.seeds, self.read = name, seeds, read


def damaged(seed: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Damage the content in one to four places."""
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        at = rng.randrange(len(data) + 1)
        length = min(len(data) - at, rng.choice((1, 1, 2, 5, 20, 200)))
        kind = rng.randrange(8)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[at:at + length]
        elif kind == 2:
            data[at:at] = data[at:at + length] * rng.choice((1, 2, 50))
        elif kind == 3:
            data[at:at + rng.choice((0, length))] = rng.choice(TOKENS)
        elif kind == 4:
            del data[at:]
        elif kind == 5:
            other = rng.choice(others)
            begin = rng.randrange(len(other) + 1)
            data[at:at + length] = other[begin:begin + rng.choice((5, 50, 500))]
        elif kind == 6:
            lines = bytes(data).split(b"\n")
            i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
            lines[i], lines[j] = lines[j], lines[i]
            data = bytearray(b"\n".join(lines))
        else:
            data = bytearray(_another_value(bytes(data), rng))
    return bytes(data[:200_000])


def _another_value(text: bytes, rng: random.Random) -> bytes:
    """Replace the value after a random =, : or comma."""
    places = [n for n, sign in enumerate(text) if sign in b"=:,"]
    if not places:
        return text + rng.choice(TOKENS)
    at = rng.choice(places) + 1
    end = next((n for n in range(at, len(text)) if text[n] in b",\n]}"), len(text))
    return text[:at] + b" " + rng.choice(TOKENS) + text[end:]


def targets(work: Path, results: Path) -> list[Target]:
    """All readers, each with its files."""
    def files(folder: str, pattern: str = "*.toml") -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((ROOT / folder).glob(pattern))}

    def in_results(name: str) -> Callable[[Path], object]:
        def read(path: Path) -> object:
            for kept in ("metrics.parquet", "manifest.json"):
                shutil.copyfile(results / kept, work / "r" / kept)
            inputs = results / "inputs"
            if not (work / "r" / "inputs").exists():
                shutil.copytree(inputs, work / "r" / "inputs")
            shutil.copyfile(path, work / "r" / name)
            reseal(work / "r")
            try:
                return read_source(work / "r")
            finally:
                (work / "r" / name).unlink()
                if (results / name).is_file():
                    shutil.copyfile(results / name, work / "r" / name)

        (work / "r").mkdir(exist_ok=True)
        return read

    geopackage, png, jpg = binary_seeds(work)
    facts = b"\n".join((ROOT / "data/facts.csv").read_bytes().split(b"\n")[:40])
    policies, results_files = files("sim/policies"), {
        name: (results / name).read_bytes()
        for name in ("manifest.json", "metrics.parquet", "worlds.parquet", "inputs/sim/policies/order_799.toml",
                     "inputs/sim/scenarios/guangzhou_district.toml", "inputs/data/facts.csv")
    } | {"band.csv": BAND}  # fmt: skip
    made = [
        Target("policy", policies, lambda path: load_policy(str(path))),
        Target("scenario", files("sim/scenarios"), lambda path: load_scenario(str(path))),
        Target("study", files("sim/studies"), lambda path: load_study_file(str(path))),
        Target("law", {f"{path.parent.name}_{path.name}": path.read_bytes()
                       for path in sorted((ROOT / "data/law").glob("*/*.toml"))}, lambda path: laws([path])),
        Target("facts", {"facts.csv": facts}, read_facts),
        Target("track", {"t.gpx": GPX, "t.kml": KML, "t.geojson": GEOJSON, "t.csv": TRACK, "t.xml": SUMO}, read_tracks),
        Target("cameras", {"c.kml": KML, "c.geojson": GEOJSON, "c.csv": CSV, "c.gpkg": geopackage, "c.osm": OSM},
               read_cameras),
        Target("town", {"m.osm": OSM}, read_town), Target("city", {"m.osm": OSM}, read_city),
        Target("design", files("sim/frontiers"), lambda path: load_design(str(path))),
        Target("part", {"r00000-b00003.json": sealed_text(PART)}, read_part),
        Target("boxes", {"b.csv": BOXES}, lambda path: _read_boxes(path, 64, 48, 9)),
        Target("picture", {"p.png": png, "p.jpg": jpg}, read_picture),
        Target("command", {"line.txt": b"\n".join(LINES)}, lambda path: run_line(path.read_bytes())),
    ]
    made += [Target(f"results {name}", {Path(name).name: content}, in_results(name))
             for name, content in results_files.items()]  # fmt: skip
    return made


def reseal(folder: Path) -> None:
    """Renew the digests of a results folder as an attacker would, so that damage reaches what is behind them."""
    with contextlib.suppress(ValueError, TypeError, RecursionError):  # a manifest that is none stays as it is
        whole = json.loads((folder / "manifest.json").read_bytes())
        files = {name: file_digest(folder / name) for name in our_files(folder)}
        whole = {**whole, "files": files}
        (folder / "manifest.json").write_text(json.dumps({**whole, "sha256": digest_of(whole)}))


LINES = (
    b"policy check order_799", b"policy show order_799", b"policy diff notice_only order_799", b"study list",
    b"facts show cameras_per_1000", b"scenario check guangzhou_district", b"--version", b"policy list",
    b"run preview --dry-run --sample 5000 --days 7 --replicates 2 --seed 1", b"compare nowhere --baseline order_799",
    b"run --scenario guangzhou_district --policies notice_only,order_799 --baseline notice_only --dry-run",
    b"verify nowhere --replicate 0", b"report nowhere -o memo.html --lang zh",
    b"dosimeter --gpx t.gpx --cameras c.csv --range 30",
)  # fmt: skip
QUICK = ("policy", "facts", "scenario", "compare", "verify", "report", "dosimeter", "--version", "study list")
"""Allowed beginnings of a damaged line besides `run … --dry-run`; none starts a long run or a server."""


def run_line(lines: bytes) -> int:
    """Run one command line that cannot start a long run. Its exit status must be 0, 1 or 2, and its error short."""
    text = lines.split(b"\n")[0].decode("utf-8", "replace").replace("\x00", "")
    arguments = text.split()
    if arguments and arguments[0] == "run":
        arguments.append("--dry-run")
    elif not text.startswith(QUICK):
        arguments = ["policy", *arguments]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = command(arguments)
    if code not in (0, 1, 2):
        raise AssertionError(f"exit status {code} of {arguments}")
    if "Traceback" in err.getvalue() or (code == 2 and not err.getvalue().strip()):
        raise AssertionError(f"no sentence for {arguments}: {err.getvalue()[-300:]}")
    return code


def _hangs(*_: object) -> None:
    raise TimeoutError(f"still at work after {LONGEST_S:.0f} s of CPU time")


def attempt(target: Target, name: str, content: bytes, work: Path) -> str:
    """Try one input; returns what is wrong, or "" if the reader gave a result or a short error."""
    path = work / "in" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    begin, before = time.process_time(), peak_mib()
    if hasattr(signal, "setitimer"):  # what hangs is ended, to be told like any other error
        signal.signal(signal.SIGVTALRM, _hangs)
        signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_S)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            target.read(path)
    except PrivacysimError as error:
        if len(str(error).strip().splitlines()) > 4:
            return f"an error of {len(str(error).splitlines())} lines"
    except Exception:
        return traceback.format_exc(limit=-4)
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
    spent, more = time.process_time() - begin, peak_mib() - before
    return f"took {spent:.1f} s and {more} MiB" if spent > LONGEST_S or more > MOST_MIB else ""


def peak_mib() -> int:
    """Largest memory of this process so far; 0 where the system does not say."""
    resource = optional("resource")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10 if resource else 0


def corpus() -> list[tuple[str, str, bytes]]:
    """Earlier findings as (target, file name, content)."""
    found = [path for path in sorted(CORPUS.glob("*/*")) if path.is_file()]
    return [(path.parent.name.replace("~", "/"), path.name.split("-", 1)[1], path.read_bytes()) for path in found]


def fuzz(examples: int, seed: int, results: Path, *, keep: bool) -> list[str]:
    """Try `examples` damaged inputs in turn; returns those that break a reader and, with `keep`, stores them."""
    rng = random.Random(seed)
    wrong: dict[str, str] = {}
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="privacysim-fuzz-") as folder:
        work = Path(folder)
        (work / "cwd").mkdir()
        os.chdir(work / "cwd")
        try:
            all_targets = targets(work, results)
            slow = [target for target in all_targets if target.name.startswith(("results", "design"))]
            quick = [target for target in all_targets if target not in slow]
            everything = [content for target in all_targets for content in target.seeds.values()]
            for n in range(examples):
                # readers of many files take a hundred times as long as others, so they are drawn less often
                target = rng.choice(slow) if n % _RARE == 0 else quick[n % len(quick)]
                name, content = rng.choice(list(target.seeds.items()))
                if target.name == "command":
                    content = damaged(rng.choice(LINES), list(LINES), rng)
                else:
                    content = damaged(content, everything, rng)
                said = attempt(target, name, content, work)
                if said:
                    files = [line.strip() for line in said.splitlines() if line.strip().startswith("File")]
                    key = f"{target.name} {files[-1] if files else ''} {said.splitlines()[-1].split(':')[0][:60]}"
                    if key not in wrong:
                        wrong[key] = f"{key}\n{said[-900:]}"
                        if keep:
                            digest = hashlib.sha256(content).hexdigest()[:10]
                            path = CORPUS / target.name.replace("/", "~") / f"{digest}-{name}"
                            path.parent.mkdir(parents=True, exist_ok=True)
                            path.write_bytes(content)
        finally:
            os.chdir(before)
    return list(wrong.values())


def toy_results(where: Path) -> Path:
    """Results folder with toy numbers of a few metrics, worlds, and two policies."""
    sys.path.insert(0, str(ROOT))
    import privacysim as ps
    from tests.helpers import toy_study

    toy_study.put()
    ps.Study(scenario="guangzhou_district", policies=["notice_only", "order_799"], days=2, replicates=10, worlds=3,
             metrics=["people_identified_by_outsiders", "cameras_listed", "never_told", "requests_refused"],
             ).run(workers=1, out=where)  # fmt: skip
    return where


def main() -> int:
    """Fuzz and print the findings."""
    options = argparse.ArgumentParser()
    options.add_argument("--examples", type=int, default=5_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("PRIVACYSIM_CACHE", f"{folder}/cache")
        begin = time.process_time()
        wrong = fuzz(chosen.examples, chosen.seed, toy_results(Path(folder) / "results"), keep=True)
    print("\n\n".join(wrong))
    spent, peak = time.process_time() - begin, peak_mib()
    print(f"{chosen.examples} inputs, seed {chosen.seed}: {len(wrong)} findings, {spent:.0f} CPU s, peak {peak} MiB")
    return 1 if wrong or peak >= 1024 else 0


if __name__ == "__main__":
    sys.exit(main())
