"""Reports in HTML, PDF, DOCX and XLSX, all from one model of question, answer, tables, figures and sources."""

from privacysim.report.assessment import write_assessment
from privacysim.report.first_screen import first_screen
from privacysim.report.memo import write_memo
from privacysim.report.report_model import Report
from privacysim.report.study_report import page, start_in_words, study_report

__all__ = ["Report", "first_screen", "page", "start_in_words", "study_report", "write_assessment",
           "write_memo"]
