"""Run a study and keep its numbers here, for the notebooks that show it: python notebooks/saved/save.py [STUDY …].

Without a name: the headline and the committee's study.

Only what is needed to read and compare is kept (manifest, metrics, summary); the inputs are those of the repository,
which the run id in the manifest names. A test asks whether they still are.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import privacysim as ps

HERE = Path(__file__).resolve().parent
KEPT = ("manifest.json", "metrics.parquet", "summary.csv")

if __name__ == "__main__":
    for study in sys.argv[1:] or ("headline", "committee"):
        with tempfile.TemporaryDirectory() as scratch:
            ps.Study(study).run(out=Path(scratch) / study)
            (HERE / study).mkdir(exist_ok=True)
            for name in KEPT:
                shutil.copyfile(Path(scratch) / study / name, HERE / study / name)
        print(f"kept: {', '.join(KEPT)} in {HERE.name}/{study}")
