"""Run the command `privacysim` with `python -m privacysim`."""

from privacysim.cli.main import run

if __name__ == "__main__":
    run()
