"""Access to footage and leaks under an arm: processes, approval desks, and the Log."""

from privacysim.governance.desk import ApprovalDesk, Desk, Hours
from privacysim.governance.log import Book, Books, Log
from privacysim.governance.processes import Context, Process
from privacysim.governance.run_policy import DEFAULT, simulate

__all__ = ["DEFAULT", "ApprovalDesk", "Book", "Books", "Context", "Desk", "Hours", "Log", "Process", "simulate"]
