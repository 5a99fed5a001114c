"""What happens to footage under an arm: processes, desks, and the Log."""

from privacysim.governance.desk import ApprovalDesk, Desk, Hours
from privacysim.governance.log import Book, Books, Log
from privacysim.governance.processes import Context, Process
from privacysim.governance.run_policy import DEFAULT, simulate

__all__ = ["DEFAULT", "ApprovalDesk", "Book", "Books", "Context", "Desk", "Hours", "Log", "Process", "simulate"]
