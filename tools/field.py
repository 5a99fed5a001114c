"""Measures what is promised of files of others, and writes docs/evidence/field.md.

`python -m tools.field FOLDER [videos] [PEER] [NAME …]`: FOLDER holds the files of `field_sets.csv`, fetched by hand, as
OWNER+NAME/PATH (at the commit in the table); none of them is part of the project. `videos` masks the clips too, which
takes half an hour. Rows in `field_clips.csv` are kept: remove those to be measured anew. PEER: the path of deface's
command, for comparison. NAME: parts of the names of the clips to measure. Faces in the clips were annotated by eye
(`field_boxes.csv`: shares of width and height in key frames, linear between them), in the first 40 frames; those of
generated clips are known.
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
from privacysim.masklab.masks import as_mask
from privacysim.masklab.people_detector import background_and_steady
from privacysim.masklab.regions import Residual
from privacysim.masklab.video import mask_video
from privacysim.readers.camera_files import read_cameras
from privacysim.readers.track_files import read_tracks
from privacysim.scenario import Scenario
from tests.helpers.face_clips import KINDS, Box, clip, frames_of, is_masked, spoilt

HERE = Path(__file__).parent
PAGE, CLIPS = HERE.parent / "docs" / "evidence" / "field.md", HERE / "field_clips.csv"
FRAMES, WANTED = 40, 10
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
    street = background_and_steady(cv2.VideoCapture(str(data / "vtest.avi")), 795)[0]
    assert street is not None
    for kind in KINDS:
        path = work / f"{kind.replace(' ', '_')}.avi"
        yield f"generated: {kind}", f"generated, {kind}", path, clip(path, kind, list(people[70::37]), street, FRAMES), 1.0
    for kind in ("seated", "dark", "moving camera", "hand-held"):  # the backgrounds alone
        path = work / f"{kind.replace(' ', '_')}_nobody.avi"
        yield f"generated: {kind}, nobody", "generated, nobody", path, clip(path, kind, [], street, FRAMES), 1.0
    drawn = pd.read_csv(HERE / "field_boxes.csv")
    for row in rows:
        keys = drawn[drawn["path"] == row["path"]]
        if keys.empty:
            continue
        path = work / (Path(row["path"]).stem + ".mkv")
        size, frames = cut(folder / row["repository"].replace("/", "+") / row["path"], path)
        truth: Truth = [[] for _ in range(frames)]
        for _, own in keys.dropna().groupby("face"):
            sides = [np.interp(np.arange(frames), own["frame"], own[side] * whole)
                     for side, whole in zip(("left", "top", "right", "bottom"), size * 2, strict=True)]
            for boxes, box in zip(truth, zip(*sides, strict=True), strict=True):
                boxes.append(tuple(map(round, box)))
        yield row["path"], keys["kind"].iloc[0], path, truth, 2.2


def cut(source: Path, out: Path) -> tuple[tuple[int, int], int]:
    """The first frames, without loss and of even size, so that both tools get the same pictures."""
    read_, frames = cv2.VideoCapture(str(source)), 0
    size = (int(read_.get(3)) // 2 * 2, int(read_.get(4)) // 2 * 2)
    rate = read_.get(cv2.CAP_PROP_FPS) or 25.0
    writer = cv2.VideoWriter(str(out), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"FFV1"), rate, size)
    while frames < FRAMES and (got := read_.read())[0]:
        writer.write(np.ascontiguousarray(got[1][: size[1], : size[0]]))
        frames += 1
    writer.release()
    return size, frames


def measured(tool: str, path: Path, out: Path, truth: Truth, reach: float) -> dict[str, object]:
    """Mask a clip with a tool, and compare the result with the annotation.

    Faces that encoding alone blurs are not counted: whether a mask is on them cannot be told.
    """
    mine = resource.RUSAGE_SELF if tool == "privacysim" else resource.RUSAGE_CHILDREN
    begin, found, ends = _cpu(mine), 0, list[float]()
    if tool == "privacysim":
        left = mask_video(str(path), out, "pixelate:4", keep_anyway=True, progress=lambda *_: ends.append(_cpu(mine)))
        found = len(left.readable)
    else:
        subprocess.run([tool, str(path), "-o", str(out)], check=True, capture_output=True,
                       env={**os.environ, "OMP_NUM_THREADS": "1"})
    end = _cpu(mine)
    before, after, again = frames_of(path), frames_of(out), encoded(path, out.with_name("again.mp4"))
    told = [[not is_masked(a, b, box) for box in boxes] for a, b, boxes in zip(before, again, truth, strict=False)]
    masked = [is_masked(a, b, box) for a, b, boxes, tell in zip(before, after, truth, told, strict=False)
              for box, one in zip(boxes, tell, strict=True) if one]
    lost = np.zeros(2, int)
    for a, b, boxes in list(zip(before, after, truth, strict=False))[::5]:
        near = [(int(l - reach * (r - l)), 2 * t - d, int(r + reach * (r - l)), a.shape[0] if reach > 1 else 2 * d - t)
                for l, t, r, d in boxes]  # noqa: E741
        lost += spoilt(a, b, near)
    bare = [bool(left.readable) for left in bared(before, after, again, truth)] if tool == "privacysim" else []
    return {"frames": len(after), "faces": len(masked), "masked": sum(masked), "untold": sum(map(len, told)) - len(masked),
            "checker_frames": found, "bare": len(bare), "bare_told": sum(bare), "spoilt": lost[0], "textured": lost[1],
            "cpu_s": round(end - begin, 1), "mask_s": round((ends[left.frames - 1] if ends else end) - begin, 1)}


def encoded(path: Path, out: Path) -> list[np.ndarray]:
    """The frames of a clip, encoded as the masked file is, without a mask."""
    before = frames_of(path)
    writer = cv2.VideoWriter(str(out), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), 25.0, before[0].shape[1::-1])
    for frame in before:
        writer.write(frame)
    writer.release()
    return frames_of(out)


def bared(before: list[np.ndarray], after: list[np.ndarray], again: list[np.ndarray], truth: Truth) -> Iterator[Residual]:
    """What the check says of 16 masked frames if one annotated face is left open in twelve of them."""
    made = [frame.copy() for frame in after[:16]]
    for n in range(2, 14):
        for left, top, right, bottom in truth[n][-1:]:
            x, y = (right - left) // 5, (bottom - top) // 5
            where = slice(max(0, top - y), bottom + y), slice(max(0, left - x), right + x)
            made[n][where] = again[n][where]
    if truth[0]:
        checked = Residual(as_mask("pixelate:4"), len(made), 25.0)
        checked.check(made, before)
        yield checked


def _cpu(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


_VIDEOS = """{faces:,} annotated face-frames in {clips} clips ({generated} generated; asked: 2,000 in 20), `--mask pixelate:4`. {untold} more are so
small that encoding alone removes the detail by which a mask is told; they are not counted. A face is masked if no detail
finer than a twelfth of it, or than two pixels, is left in either half.

- **Masked**: {share:.2%} (95 % interval by clip {low:.1%} to {high:.1%}); the least in one clip is {least:.0%}.
  deface, on the same frames: {theirs:.1%}. Clips in which deface masks a larger share: {worse}.
- **Exit 1 when a face is left**: the result with one annotated face left open in twelve frames: {told} of {bare}
  end with exit 1 ({caught:.0%}; asked: 95 %). The checker's threshold is a score of {score:g}, twice.
- **Exit 1 although no annotated face is left**: {false} of {clean} clips (asked: at most 2 %).
- **Texture where nobody is**: {spoilt:.1%} of {textured:,} blocks lost their detail ({people:.1%} in clips with people, {nobody:.1%}
  in clips with nobody, where moving things are taken for people; asked: at most 2 %). deface: {theirs_spoilt:.1%}.
- **Speed**, median of the ratio of frames per CPU second to deface's: {fast:.1f} without the check (asked: 2), {checked:.1f} with
  it (asked: 0.6).

The size to which small frames are enlarged was chosen on the generated crowd. Faces were annotated by eye. Faults that these
clips showed were mended, so other clips may show more. A printed face that only the checker saw was masked in a second pass.

| clip | kind | tool | face-frames | masked | frames in which the checker finds a face | one face left open: exit 1 | textured blocks spoilt | frames per CPU s, without the check |
|---|---|---|---|---|---|---|---|---|
"""


def videos_text() -> str:
    """Section on videos, from `field_clips.csv`."""
    rows = pd.read_csv(CLIPS)
    rows["share"], rows["fps"], rows["mask_fps"] = (rows["masked"] / rows["faces"], rows["frames"] / rows["cpu_s"],
                                                    rows["frames"] / rows["mask_s"])  # fmt: skip
    ours, theirs = (rows[(rows["tool"] == "privacysim") == own].set_index("clip") for own in (True, False))
    both, seen = ours.join(theirs.add_suffix("_theirs"), how="inner"), ours[ours["faces"] > 0]
    drawn = np.random.default_rng(0).integers(0, len(seen), (2000, len(seen)))
    counts = seen[["masked", "faces"]].to_numpy()[drawn].sum(axis=1)
    low, high = np.quantile(counts[:, 0] / counts[:, 1], [0.025, 0.975])
    clean, empty = ours[ours["masked"] == ours["faces"]], ours["kind"].str.contains("nobody")

    def lost(part: pd.DataFrame) -> float:
        return float(part["spoilt"].sum() / max(part["textured"].sum(), 1))

    worse = ", ".join(both.index[both["share"] < both["share_theirs"]]) or "none"
    text = _VIDEOS.format(
        faces=int(seen["faces"].sum()), clips=len(seen), generated=int((seen["kind"].str[:9] == "generated").sum()),
        untold=int(ours["untold"].sum()), share=seen["masked"].sum() / seen["faces"].sum(), low=low, high=high,
        least=seen["share"].min(), theirs=theirs["masked"].sum() / theirs["faces"].sum(), worse=worse,
        told=int(ours["bare_told"].sum()), bare=int(ours["bare"].sum()), score=CHECKER_SCORE,
        caught=ours["bare_told"].sum() / ours["bare"].sum(), false=int((clean["checker_frames"] > 0).sum()),
        clean=len(clean), spoilt=lost(ours), textured=int(ours["textured"].sum()), people=lost(ours[~empty]),
        nobody=lost(ours[empty]), theirs_spoilt=lost(theirs), fast=(both["mask_fps"] / both["fps_theirs"]).median(),
        checked=(both["fps"] / both["fps_theirs"]).median())  # fmt: skip
    for row in rows.itertuples():
        own, part = row.tool == "privacysim", f"{row.share:.0%}" if row.faces else "–"
        checks = f"{row.checker_frames} | {row.bare_told} of {row.bare}" if own else "– | –"
        speed = f"{row.fps:.1f}, {row.mask_fps:.1f}" if own else f"{row.fps:.1f}"
        text += (f"| {row.clip} | {row.kind} | {Path(row.tool).name} | {row.faces} | {part} | {checks} "
                 f"| {row.spoilt} of {row.textured} | {speed} |\n")  # fmt: skip
    return text


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
