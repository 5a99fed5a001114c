"""How fast is it, against what: ceilings of the machine, naive references, peers where installed, growth with size."""

from privacysim.bench.bench_report import bench, bench_text
from privacysim.bench.growth import GROWTHS, exponent
from privacysim.bench.measured import Row, Skipped

__all__ = ["GROWTHS", "Row", "Skipped", "bench", "bench_text", "exponent"]
