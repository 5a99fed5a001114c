"""Keeps the explorer's first answer to shipped studies (data/explorer): python -m tools.explorer_snapshots."""

from privacysim.explorer.preview import Preview
from privacysim.explorer.snapshots import make_snapshot
from privacysim.resources import PACKAGE
from privacysim.study import Study

STUDIES = ("headline", "preview")

if __name__ == "__main__":
    for name in STUDIES:
        path = PACKAGE.parent / "data" / "explorer" / f"{name}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(make_snapshot(Preview(Study(name))), encoding="utf-8")
        print(path)
