"""What happens to footage under an arm: SimPy processes, desks, and the Log."""

from privacysim.governance.desk import Desk, Hours
from privacysim.governance.log import Log
from privacysim.governance.run_policy import simulate

__all__ = ["Desk", "Hours", "Log", "simulate"]
