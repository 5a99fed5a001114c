"""The command `privacysim`: thin, quick to start, never a traceback for something the reader can mend.

Exit status: 0 done, 1 done but a check failed, 2 the input cannot be used, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import NoReturn

USAGE = """\
privacysim: who is seen, by whom, under which rules, and what would change if the rules changed.

  privacysim run STUDY [options]             run a study and compare its policies
  privacysim compare DIR --baseline POLICY   compare saved results again
  privacysim report DIR -o memo.html|.pdf|.docx|.xlsx   a memo for a committee, --lang en or zh
  privacysim verify DIR [--replicate K]      recompute and compare
  privacysim study list|explore              the studies; policy levers as a web page
  privacysim study sensitivity|frontier      which assumption matters; which reform is better
  privacysim scenario list|show|check        the facts of a case
  privacysim city fetch|show|map             your own city: from OpenStreetMap, looked at, drawn
  privacysim dosimeter --gpx T --cameras F   which cameras saw this walk, and who may see that
  privacysim policy list|show|check|diff     the rules, article by article
  privacysim facts list|show ID              every number and its source
  privacysim calibrate leaks|evidence|masks  the constants that were solved, and the data that they hold
  privacysim mask VIDEO -o OUT --mask …      mask people in a video and say what is left
  privacysim notebook new|run                a notebook from the template, or one with other parameters
  privacysim bench [CASE …]                  how fast, against what, on this machine
  privacysim COMMAND --help                  all options of a command

A name (a study, scenario or policy) is looked up in ./sim first, then among the shipped ones."""

COMMANDS = {
    "run": ("study_commands", "run_app"),
    "compare": ("study_commands", "compare_app"),
    "report": ("report_commands", "report_app"),
    "verify": ("study_commands", "verify_app"),
    "study": ("study_commands", "study_app"),
    "scenario": ("study_commands", "scenario_app"),
    "policy": ("policy_commands", "policy_app"),
    "facts": ("policy_commands", "facts_app"),
    "calibrate": ("calibrate_commands", "calibrate_app"),
    "mask": ("mask_commands", "mask_app"),
    "notebook": ("notebook_commands", "notebook_app"),
    "bench": ("bench_commands", "bench_app"),
    "dosimeter": ("dosimeter_commands", "dosimeter_app"),
    "city": ("city_commands", "city_app"),
}


def run(arguments: list[str] | None = None) -> NoReturn:
    """Entry point: does one command and exits."""
    status = 0
    try:
        status = main(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader of our output went away (`privacysim … | true`): not an error of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def main(arguments: list[str]) -> int:
    """Do one command; returns its exit status."""
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(USAGE)
        return 0
    if arguments[0] == "--version":
        from privacysim.resources import VERSION

        print(f"privacysim {VERSION}")
        return 0
    if arguments[0] not in COMMANDS:
        from privacysim.errors import did_you_mean

        fix = did_you_mean(arguments[0], COMMANDS)
        print(f"privacysim: there is no command {arguments[0]!r}; {fix}.", file=sys.stderr)
        return 2
    return _call(*COMMANDS[arguments[0]], arguments)


def _call(module: str, name: str, arguments: list[str]) -> int:
    from privacysim.resources import ONE_THREAD

    # one numeric thread per process: workers share the cores, and results must not depend on how many there are
    for variable in ONE_THREAD:
        os.environ.setdefault(variable, "1")
    import typer

    from privacysim.errors import PrivacysimError, shown

    # newer versions of typer carry a copy of click: its errors are those of the copy
    usage = import_module(typer.BadParameter.__module__)
    app = getattr(import_module(f"privacysim.cli.{module}"), name)
    try:
        command = typer.main.get_command(app)
        status = command.main(arguments[1:], prog_name=f"privacysim {arguments[0]}", standalone_mode=False)
    except usage.NoArgsIsHelpError as error:
        print(error.format_message())
        return 0
    except usage.ClickException as error:
        print(f"privacysim {arguments[0]}: {error.format_message()}", file=sys.stderr)
        print(f"  Help: privacysim {arguments[0]} --help", file=sys.stderr)
        return 2
    except PrivacysimError as error:
        print(error, file=sys.stderr)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        status = 130
    except SystemExit:  # how typer ends where the reader went away in the middle (`privacysim … | head`)
        return 0
    except OSError as error:  # a name too long, a folder that may not be read, a disk that is full
        print(f"privacysim {arguments[0]}: {shown(error.strerror or error)}: {shown(error.filename or '', 80)}",
              file=sys.stderr)  # fmt: skip
        print("  Fix: name another file or folder, or mend its rights.", file=sys.stderr)
        return 2
    if status == 130:
        print("\nInterrupted; nothing that looks complete was left behind.", file=sys.stderr)
    return status if isinstance(status, int) else 0
