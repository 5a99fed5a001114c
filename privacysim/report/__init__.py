"""Reports in HTML, PDF, DOCX and XLSX, all from one model of question, answer, tables, figures and sources."""

from privacysim.report.assessment import write_assessment
from privacysim.report.first_screen import first_screen, full_text
from privacysim.report.memo import write_memo
from privacysim.report.report_model import Report
from privacysim.report.study_report import page, study_report

__all__ = ["Report", "first_screen", "full_text", "page", "study_report", "write_assessment", "write_memo"]
