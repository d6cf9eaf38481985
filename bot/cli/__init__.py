"""The command line: parse, call, print, exit code. `--version` imports nothing heavy."""

import sys


def main() -> None:
    """Run the command line; exits 0 done, 1 refused or not found, 2 wrong use or configuration."""
    if sys.argv[1:] in (["--version"], ["version"]):
        from bot.version import version_line

        print(version_line())
        return
    from bot.cli.root import run_command

    sys.exit(run_command())
