"""Measures what is promised of files of others, and writes docs/evidence/field.md.

`python -m tools.field FOLDER [videos] [PEER] [NAME …]`: FOLDER holds the files of `field_sets.csv`, fetched by hand, as
OWNER+NAME/PATH (at the commit in the table); none of them is part of the project. `videos` masks the clips too, which
takes half an hour. Rows in `field_clips.csv` are kept: remove those to be measured anew. PEER: the path of deface's
command, for comparison. NAME: parts of the names of the clips to measure. Faces in the clips were annotated by hand (`field_boxes.csv`: shares of width and height in key frames,
linear between them), in the first 80 frames; those of generated clips are known.
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from privacysim.city import build_city
from privacysim.errors import InputError
from privacysim.files import validate
from privacysim.masklab.face_detectors import CHECKER_SCORE
from privacysim.masklab.people_detector import median_background
from privacysim.masklab.video import mask_video
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.track_files import read_tracks
from privacysim.scenario import Scenario
from tests.helpers.face_clips import KINDS, Box, clip, frames_of, is_masked, spoilt

HERE = Path(__file__).parent
PAGE, CLIPS = HERE.parent / "docs" / "evidence" / "field.md", HERE / "field_clips.csv"
FRAMES, WANTED = 80, 10
Truth = list[list[Box]]
_HEAD = """# Files of others

Made by `python -m tools.field`. The files are public and not part of the project: {sets} from {repositories}
repositories, each at the commit of `tools/field_sets.csv`. CPU seconds are those of one run on a shared machine.

"""


def read(kind: str, path: Path) -> tuple[str, str, str]:
    """What was read of a file, what was rejected, and what was not understood."""
    if kind == "cameras":
        cameras = read_cameras(path)
        notes = [note for note in cameras.notes if "columns read" not in note]
        reasons = pd.Series([reject.reason for reject in cameras.rejects], dtype=str).value_counts()
        return (f"{len(cameras)} views, {int(cameras.heading_known.sum())} with a known direction",
                "; ".join(f"{count}: {reason}" for reason, count in reasons.items()) or "none", "; ".join(notes))
    if kind == "track":
        track = read_tracks(path)
        return f"{len(track)} fixes", "none", "; ".join(track.notes)
    city = build_city(validate(Scenario, {"id": "field", "title": "Field", "city": {"kind": "osm", "osm": str(path)},
                                          "population": {"people": {"value": 1000.0, "assumption": "any"}}}, "field"))
    cameras = 0 if city.mapped_cameras is None else len(city.mapped_cameras)
    return f"{city.edge_mm.size} street edges, {cameras} cameras", "none", city.note


def table_of(kind: str, rows: list[dict[str, str]], folder: Path) -> str:
    """Table of the sets of one kind."""
    lines = ["| repository, commit, licence | file | read | rejected | not understood, or noted | CPU s |",
             "|---|---|---|---|---|---|"]
    done = 0
    for row in rows:
        begin = time.process_time()
        try:
            cells = read(kind, folder / row["repository"].replace("/", "+") / row["path"])
            done += 1
        except InputError as error:
            cells = ("no", str(error).splitlines()[0].split(": ", 1)[-1], "")
        spent = time.process_time() - begin
        words = [word.replace("|", "/").replace(str(folder) + "/", "") for word in cells]
        words[2] = words[2] if len(words[2]) < 260 else words[2][:257] + "…"
        lines.append(f"| {row['repository']} `{row['commit'][:10]}` {row['licence']} | {row['path']} "
                     f"| {' | '.join(words)} | {spent:.1f} |")
        print(lines[-1], flush=True)
    short = f" The aim was {WANTED} sets, so this falls short by {WANTED - len(rows)}." if len(rows) < WANTED else ""
    return f"{done} of {len(rows)} were read.{short}\n\n" + "\n".join(lines) + "\n"


def clips(folder: Path, work: Path, rows: list[dict[str, str]]) -> Iterator[tuple[str, str, Path, Truth, float]]:
    """Name, kind, file and annotation of each clip, and the widths of a face that a body reaches to its side."""
    data = Path(os.environ["PRIVACYSIM_DATA"])
    import joblib

    people = joblib.load(data / "olivetti" / "olivetti_py3.pkz").reshape(400, 64, 64).transpose(0, 2, 1)
    street = median_background(cv2.VideoCapture(str(data / "vtest.avi")), 795)
    assert street is not None
    for kind in KINDS:
        path = work / f"{kind.replace(' ', '_')}.avi"
        yield f"generated: {kind}", f"generated, {kind}", path, clip(path, kind, list(people[70::37]), street, FRAMES), 1.0
    drawn = pd.read_csv(HERE / "field_boxes.csv")
    for row in rows:
        keys = drawn[drawn["path"] == row["path"]]
        if keys.empty:
            continue
        path = work / (Path(row["path"]).stem + ".mkv")
        size, frames = cut(folder / row["repository"].replace("/", "+") / row["path"], path)
        sides = [np.interp(np.arange(frames), keys["frame"], keys[side] * whole)
                 for side, whole in zip(("left", "top", "right", "bottom"), size * 2, strict=True)]
        empty = keys["kind"].iloc[0] == "nobody"
        truth = [[] if empty else [tuple(map(round, box))] for box in zip(*sides, strict=True)]
        yield row["path"], keys["kind"].iloc[0], path, truth, 2.2


def cut(source: Path, out: Path) -> tuple[tuple[int, int], int]:
    """The first frames, without loss and of even size, so that both tools get the same pictures."""
    read_, frames = cv2.VideoCapture(str(source)), 0
    size = (int(read_.get(3)) // 2 * 2, int(read_.get(4)) // 2 * 2)
    writer = cv2.VideoWriter(str(out), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"FFV1"), 25.0, size)
    while frames < FRAMES and (got := read_.read())[0]:
        writer.write(np.ascontiguousarray(got[1][: size[1], : size[0]]))
        frames += 1
    writer.release()
    return size, frames


def measured(tool: str, path: Path, out: Path, truth: Truth, reach: float) -> dict[str, object]:
    """Mask a clip with a tool, and compare the result with the annotation."""
    mine = resource.RUSAGE_SELF if tool == "privacysim" else resource.RUSAGE_CHILDREN
    begin, found = _cpu(mine), 0
    if tool == "privacysim":
        found = len(mask_video(str(path), out, "pixelate:4", keep_anyway=True).readable)
    else:
        subprocess.run([tool, str(path), "-o", str(out)], check=True, capture_output=True,
                       env={**os.environ, "OMP_NUM_THREADS": "1"})
    spent, before, after = _cpu(mine) - begin, frames_of(path), frames_of(out)
    masked = [is_masked(a, b, box) for a, b, boxes in zip(before, after, truth, strict=False) for box in boxes]
    lost = np.zeros(2, int)
    for a, b, boxes in list(zip(before, after, truth, strict=False))[::5]:
        near = [(int(l - reach * (r - l)), 2 * t - d, int(r + reach * (r - l)), a.shape[0] if reach > 1 else 2 * d - t)
                for l, t, r, d in boxes]  # noqa: E741
        lost += spoilt(a, b, near)
    return {"frames": len(after), "faces": len(masked), "masked": sum(masked), "checker_frames": found,
            "spoilt": lost[0], "textured": lost[1], "cpu_s": round(spent, 1)}


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def videos_text() -> str:
    """Section on videos, from `field_clips.csv`."""
    rows = pd.read_csv(CLIPS)
    ours = rows[rows["tool"] == "privacysim"]
    seen = ours[ours["faces"] > 0]
    drawn = np.random.default_rng(0).integers(0, len(seen), (2000, len(seen)))
    counts = seen[["masked", "faces"]].to_numpy()[drawn].sum(axis=1)
    low, high = np.quantile(counts[:, 0] / counts[:, 1], [0.025, 0.975])
    left, clean = seen[seen["masked"] < seen["faces"]], ours[ours["masked"] == ours["faces"]]
    lines = [f"{int(seen['faces'].sum()):,} annotated face-frames in {len(seen)} clips "
             f"({int((seen['kind'].str[:9] == 'generated').sum())} generated), `--mask pixelate:4`: "
             f"{seen['masked'].sum() / seen['faces'].sum():.1%} masked (95 % interval by clip {low:.1%} to {high:.1%}). "
             f"The aim was 2,000 face-frames in 20 clips. Clips that keep an annotated face: {len(left)}, of which "
             f"{int((left['checker_frames'] > 0).sum())} end with exit 1. Clips that keep none: {len(clean)}, of which "
             f"{int((clean['checker_frames'] > 0).sum())} end with exit 1 all the same. Of textured picture where nobody "
             f"is, {ours['spoilt'].sum() / max(ours['textured'].sum(), 1):.1%} lost its detail. The checker's threshold is "
             f"a score of {CHECKER_SCORE:g}. The size to which small frames are enlarged was chosen on the generated crowd.",
             "",
             "| clip | kind | tool | face-frames | masked | frames in which the checker finds a face | textured blocks spoilt | frames per CPU s |",
             "|---|---|---|---|---|---|---|---|"]
    for row in rows.itertuples():
        part = f"{row.masked / row.faces:.0%}" if row.faces else "–"
        lines.append(f"| {row.clip} | {row.kind} | {Path(row.tool).name} | {row.faces} | {part} "
                     f"| {row.checker_frames if row.tool == 'privacysim' else '–'} | {row.spoilt} of {row.textured} "
                     f"| {row.frames / row.cpu_s:.1f} |")
    return "\n".join(lines) + "\n"


def main(folder: Path, videos: bool, peer: str, only: list[str]) -> None:
    with (HERE / "field_sets.csv").open(newline="", encoding="utf-8") as stream:
        sets = list(csv.DictReader(stream))
    by = {kind: [row for row in sets if row["kind"] == kind] for kind in ("cameras", "extract", "track", "video")}
    if videos:
        cv2.setNumThreads(1)
        made = pd.read_csv(CLIPS).to_dict("records") if CLIPS.exists() else []
        done = {(row["tool"], row["clip"]) for row in made}
        with tempfile.TemporaryDirectory() as work:
            for name, kind, path, truth, reach in clips(folder, Path(work), by["video"]):
                for tool in filter(None, ("privacysim", peer)):
                    if (Path(tool).name, name) in done or not any(word in name for word in only or [name]):
                        continue
                    numbers = measured(tool, path, Path(work) / "out.mp4", truth, reach)
                    made.append({"tool": Path(tool).name, "clip": name, "kind": kind, **numbers})
                    print(made[-1], flush=True)
                    pd.DataFrame(made).sort_values(["clip", "tool"]).to_csv(CLIPS, index=False, lineterminator="\n")
    head = _HEAD.format(sets=len(sets), repositories=len({row["repository"] for row in sets}))
    titles = {"cameras": "Sets of cameras", "extract": "OpenStreetMap extracts", "track": "Tracks"}
    parts = [f"## {title}\n{table_of(kind, by[kind], folder)}" for kind, title in titles.items()]
    PAGE.write_text(head + "\n".join(parts) + f"\n## Videos\n{videos_text()}", encoding="utf-8")


if __name__ == "__main__":
    words = sys.argv[2:]
    main(Path(sys.argv[1]), "videos" in words, next((word for word in words if "/" in word), ""),
         [word for word in words if word != "videos" and "/" not in word])
