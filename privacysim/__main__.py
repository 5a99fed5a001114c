"""`python -m privacysim` is the command `privacysim`."""

from privacysim.cli.main import run

if __name__ == "__main__":
    run()
