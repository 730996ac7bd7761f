"""The console script `jobwire`: finds the command, runs it, and turns its end into one sentence and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from services.cli.exits import CommandError, Exit


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return int(_run(arguments))
    except CommandError as error:
        print(f"jobwire: {error}", file=sys.stderr)
        return int(error.exit)
    except KeyboardInterrupt:
        return 130  # as shells say it of a command that Ctrl-C ended
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads: no second error at exit
        return int(Exit.DONE)
    except OSError as error:
        print(f"jobwire: {error}", file=sys.stderr)
        return int(Exit.FAILED)


def _run(arguments: list[str]) -> int:
    if arguments[:1] == ["virtual-printer"]:
        return _virtual_printer(arguments[1:])
    from services.cli.arguments import parser

    commands = parser()
    parsed = commands.parse_args(arguments)
    if parsed.version:
        from shared.build import version

        print(f"jobwire {version()}")
        return Exit.DONE
    if not hasattr(parsed, "run"):
        commands.print_help(sys.stderr)
        return Exit.WRONG_USE
    module, _, function = parsed.run.partition(":")
    return int(getattr(importlib.import_module(f"services.cli.{module}"), function)(parsed))


def _virtual_printer(arguments: list[str]) -> int:
    """Become the virtual printer: the same process, so that signals and the terminal are its own."""
    command = [sys.executable, "-m", "services.printer_controller.virtual_printer", *arguments]
    os.execv(sys.executable, command)  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
