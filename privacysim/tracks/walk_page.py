"""Map of a walk in one HTML file, drawn in SVG without tiles, scripts or fonts from elsewhere.

Drag with the mouse, zoom with the wheel, point at a camera to read what it saw. The file holds no degrees, only metres
around the middle of the walk. It still shows the walk, so keep it where you keep the track.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import numpy as np

from privacysim.files import whole_file
from privacysim.tracks.dosimeter import LEVELS, Dose
from privacysim.tracks.walk_pictures import LEVEL_COLOURS, Sketch, sketch

_HEAD = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Walk</title>
<meta http-equiv="Content-Security-Policy"
content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<style>
body{font:14px/1.4 system-ui,sans-serif;margin:0;color:#222;display:flex;flex-direction:column;height:100vh}
header{padding:8px 14px;border-bottom:1px solid #ddd} h1{font-size:16px;margin:0 0 4px} svg{flex:1;cursor:grab}
.key span{display:inline-block;margin-right:12px} .key i{display:inline-block;width:18px;height:4px;margin-right:4px;
vertical-align:middle} #say{padding:6px 14px;border-top:1px solid #ddd;min-height:3em;white-space:pre-line}
line{vector-effect:non-scaling-stroke} path{vector-effect:non-scaling-stroke} circle{vector-effect:non-scaling-stroke}
</style></head><body>
"""
_SCRIPT = """<script>
const svg=document.querySelector("svg"),say=document.getElementById("say"),cameras=JSON.parse(
document.getElementById("cameras").textContent);let box=svg.viewBox.baseVal,from=null;
svg.addEventListener("wheel",e=>{e.preventDefault();const k=e.deltaY>0?1.2:1/1.2,r=svg.getBoundingClientRect(),
u=(e.clientX-r.left)/r.width,v=(e.clientY-r.top)/r.height;box.x+=box.width*u*(1-k);box.y+=box.height*v*(1-k);
box.width*=k;box.height*=k},{passive:false});
svg.addEventListener("pointerdown",e=>{from=[e.clientX,e.clientY,box.x,box.y]});
svg.addEventListener("pointermove",e=>{if(!from)return;const r=svg.getBoundingClientRect(),
s=Math.max(box.width/r.width,box.height/r.height);box.x=from[2]-(e.clientX-from[0])*s;box.y=from[3]-(e.clientY-from[1])*s});
addEventListener("pointerup",()=>{from=null});
document.querySelectorAll("[data-n]").forEach(c=>{const show=()=>{say.textContent=cameras[+c.dataset.n]};
c.addEventListener("pointerenter",show);c.addEventListener("focus",show)});
</script></body></html>
"""


def write_page(dose: Dose, path: Path, drawing: Sketch | None = None) -> None:
    """Write the map as one self-contained HTML file."""
    with whole_file(path) as part:
        part.write_text(page(dose, drawing), encoding="utf-8")


def page(dose: Dose, drawing: Sketch | None = None) -> str:
    """Map as HTML; equal doses give equal text."""
    drawn = drawing or sketch(dose)
    x, y = drawn.steps[:, [0, 2]], drawn.steps[:, [1, 3]]
    margin = 0.08 * max(float(np.ptp(x)), float(np.ptp(y)), 100.0)
    box = (x.min() - margin, -y.max() - margin, np.ptp(x) + 2 * margin, np.ptp(y) + 2 * margin)
    parts = [_HEAD, "<header><h1>Which cameras have, or may have, this walk in view</h1>",
             _key(dose, drawn.ways.size > 0), "</header>",
             f'<svg viewBox="{" ".join(f"{value:.1f}" for value in box)}" role="img" aria-label="Map of the walk">']
    parts += [f'<path d="{_ring(ring)}" fill="#eee" stroke="#ddd"/>' for ring in drawn.buildings]
    if drawn.streets.size:
        parts.append(f'<path d="{_strokes(drawn.streets)}" stroke="#ddd" fill="none"/>')
    if drawn.ways.size:
        parts.append(f'<path d="{_strokes(drawn.ways)}" stroke="#CC79A7" stroke-width="2" fill="none"/>')
    for number, camera in enumerate(drawn.cameras):
        parts.append(_camera(number, *camera))
    parts.append(f'<path d="{_strokes(drawn.steps)}" stroke="#222" stroke-width="1.5" fill="none"/>')
    for code, level in enumerate(LEVELS):
        own = drawn.stretches[drawn.level == code]
        if own.size:
            parts.append(f'<path d="{_strokes(own)}" stroke="{LEVEL_COLOURS[level]}" stroke-width="4" fill="none"/>')
    said = json.dumps([_words(dose, number) for number in range(len(dose.cameras))]).replace("<", "\\u003c")
    parts += ['</svg><div id="say">Point at a camera. Drag to move, turn the wheel to zoom.</div>',
              f'<script type="application/json" id="cameras">{said}</script>', _SCRIPT]
    return "".join(parts)


def _key(dose: Dose, other_way: bool) -> str:
    total = dose.totals
    low, high = total["metres_in_view_detect_low"], total["metres_in_view_detect_high"]
    band = f"{low:.0f} m" if round(low) == round(high) else f"{low:.0f} to {high:.0f} m"
    colours = "".join(f'<span><i style="background:{LEVEL_COLOURS[level]}"></i>{level.replace("_", " ")}</span>'
                      for level in LEVELS)
    if other_way:
        colours += '<span><i style="background:#CC79A7"></i>another way, seen least</span>'
    text = f"{total['metres']:.0f} m walked, {band} of it where somebody can be told from nobody. North is up."
    return f'<div>{escape(text)}</div><div class="key">{colours}</div>'


def _strokes(rows: np.ndarray) -> str:
    return "".join(f"M{a:.1f} {-b:.1f}L{c:.1f} {-d:.1f}" for a, b, c, d in rows)


def _ring(ring: np.ndarray) -> str:
    return "M" + "L".join(f"{a:.1f} {-b:.1f}" for a, b in ring) + "Z"


def _camera(number: int, x: float, y: float, reach: float, heading: float, hfov: float) -> str:
    if np.isfinite(heading) and hfov < 360:
        left, right = np.radians(heading - hfov / 2), np.radians(heading + hfov / 2)
        ends = [(x + reach * np.sin(angle), -(y + reach * np.cos(angle))) for angle in (left, right)]
        view = (f'<path d="M{x:.1f} {-y:.1f}L{ends[0][0]:.1f} {ends[0][1]:.1f}A{reach:.1f} {reach:.1f} 0 '
                f'{int(hfov > 180)} 1 {ends[1][0]:.1f} {ends[1][1]:.1f}Z" fill="#0072B2" fill-opacity=".08"/>')
    else:
        view = f'<circle cx="{x:.1f}" cy="{-y:.1f}" r="{reach:.1f}" fill="#0072B2" fill-opacity=".04"/>'
    return view + f'<circle cx="{x:.1f}" cy="{-y:.1f}" r="4" fill="#0072B2" tabindex="0" data-n="{number}"/>'


def _words(dose: Dose, number: int) -> str:
    row = dose.cameras.iloc[number]
    lines = [f"camera {row['camera']} ({row['operator']}){'' if row['heading_known'] else ', heading not known'}"]
    for level in LEVELS[1:]:
        low, middle, high = (row[f"seconds_{level}{end}"] for end in ("_low", "", "_high"))
        if high > 0:
            lines.append(f"{level}: {middle:.1f} s" + ("" if high - low < 0.05 else f" ({low:.1f} to {high:.1f})"))
    return "\n".join(lines)
