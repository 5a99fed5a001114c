"""Speed benchmarks: against ceilings of the machine, naive references and installed peers, and growth with size."""

from privacysim.bench.bench_report import bench, bench_text
from privacysim.bench.growth import GROWTHS, exponent
from privacysim.bench.measured import Row, Skipped

__all__ = ["GROWTHS", "Row", "Skipped", "bench", "bench_text", "exponent"]
