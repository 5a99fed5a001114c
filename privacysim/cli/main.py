"""The command `privacysim`. It starts quickly and shows no traceback for a mistake that the user can correct.

Exit status: 0 done, 1 done but a check failed, 2 the input cannot be used, 130 interrupted.
"""

import io
import os
import signal
import sys
from importlib import import_module
from typing import Any, NoReturn

from privacysim.errors import PrivacysimError, did_you_mean, shown
from privacysim.resources import ONE_THREAD, VERSION

COMMANDS = {
    "run": ("study", "STUDY [options]", "run a study and compare its policies"),
    "compare": ("study", "DIR --baseline POLICY", "compare saved results again"),
    "report": ("study", "DIR -o memo.html|.pdf|.docx|.xlsx", "a memo for a committee, or --form: an impact assessment"),
    "verify": ("study", "DIR [--replicate K]", "recompute a replicate and compare"),
    "study": ("study", "list|explore|learn|frontier", "studies: explorer, facts to measure next, better reforms"),
    "scenario": ("study", "list|show|check", "the facts of a case"),
    "city": ("city", "fetch|example|show|map", "your own city, from OpenStreetMap"),
    "dosimeter": ("dosimeter", "--gpx T --cameras F", "which cameras saw a walk, and who may see it"),
    "policy": ("policy", "list|show|check|diff", "the rules, article by article"),
    "facts": ("policy", "list|show ID", "every number and its source"),
    "calibrate": ("tool", "leaks|verdicts|worlds|masks", "calibrated constants, and observed figures"),
    "mask": ("tool", "VIDEO -o OUT --mask …", "mask people in a video, report what remains"),
    "notebook": ("tool", "new|run", "create a notebook, or rerun one with parameters"),
    "bench": ("tool", "[CASE …]", "measure speed on this machine"),
}
"""Command → the module of this package (`…_commands.py`) with its app (`…_app`), its arguments, what it does."""
USAGE = "\n".join([
    "privacysim: who is seen, by whom, under which rules, and what would change if the rules changed.\n",
    *(f"  privacysim {f'{name} {call}':<41} {does}" for name, (_, call, does) in COMMANDS.items()),
    f"  privacysim {'COMMAND --help':<41} all options of a command",
    "\nFiles in your own ./sim folder override shipped studies, scenarios and policies with the same name.",
])  # fmt: skip


def run(arguments: list[str] | None = None) -> NoReturn:
    """Entry point: run one command and exit."""
    status = 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what is half-written is removed
    for name in ("stdout", "stderr"):
        if (stream := getattr(sys, name)) is None:  # closed by the caller (`privacysim … >&-`)
            setattr(sys, name, io.StringIO())
        elif isinstance(stream, io.TextIOWrapper):  # an encoding without → must not stop a command
            stream.reconfigure(errors="replace")
    try:
        status = main(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except OSError as error:
        # a reader that closed the pipe (`privacysim … | true`) is no error; a full disk is one
        if not isinstance(error, BrokenPipeError):
            print(f"privacysim: the output cannot be written: {shown(error.strerror or error)}", file=sys.stderr)
            status = 2
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        print(USAGE)
        return 0
    name = arguments[0]
    if name == "--version":
        print(f"privacysim {VERSION}")
        return 0
    if name not in COMMANDS:
        print(f"privacysim: there is no command {name!r}; {did_you_mean(name, COMMANDS)}.", file=sys.stderr)
        return 2
    # one numeric thread per process, because workers share the cores and results must not depend on their number
    for variable in ONE_THREAD:
        os.environ.setdefault(variable, "1")
    return _call(name, arguments[1:])


def click_command(name: str) -> Any:
    """The click command with that name."""
    import typer

    module = import_module(f"privacysim.cli.{COMMANDS[name][0]}_commands")
    return typer.main.get_command(getattr(module, f"{name}_app"))


def _call(name: str, arguments: list[str]) -> int:
    import typer

    # newer versions of typer include a copy of click and raise the errors of that copy
    usage = import_module(typer.BadParameter.__module__)
    try:
        status = click_command(name).main(arguments, prog_name=f"privacysim {name}", standalone_mode=False)
    except usage.NoArgsIsHelpError as error:
        print(error.format_message())
        return 0
    except usage.ClickException as error:
        print(f"privacysim {name}: {error.format_message()}\n  Help: privacysim {name} --help", file=sys.stderr)
        return 2
    except PrivacysimError as error:
        print(error, file=sys.stderr)
        return 2
    except (KeyboardInterrupt, typer.Abort) as error:
        if isinstance(error.__cause__, EOFError):  # typer takes the end of any file for that of the input
            raise error.__cause__ from None
        status = 130
    except SystemExit:  # typer exits so when the reader closes the pipe early (`privacysim … | head`)
        return 0
    except OSError as error:  # a name that is too long, an unreadable folder, a full disk
        print(f"privacysim {name}: {shown(error.strerror or error)}: {shown(error.filename or '', 80)}\n"
              "  Fix: name another file or folder, or change its permissions.", file=sys.stderr)  # fmt: skip
        return 2
    if status == 130:
        print("\nInterrupted; nothing that looks complete was left behind.", file=sys.stderr)
    return status if isinstance(status, int) else 0
