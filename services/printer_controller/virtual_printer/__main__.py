"""`python -m services.printer_controller.virtual_printer`: a printer as a process, or a word to a running one."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

import msgspec

from shared.errors import Invalid

from .control import decode
from .control_socket import send
from .options import Options, parse_options
from .serve import Server


def main(argv: Sequence[str]) -> int:
    """Run with command line options (without the program's name); the exit code.

    0 after SIGTERM or SIGINT, 1 when a control command was refused, 2 when the printer cannot start.
    """
    options = parse_options(argv)
    if options.send is not None:
        return _send(options, options.send)
    try:
        for fault in options.faults:
            decode(fault)
        server = Server(options)
    except (OSError, Invalid) as error:
        _complain(f"the virtual printer cannot start: {error}")
        return 2
    pty, tcp = options.pty or "-", server.tcp.address if server.tcp else "-"
    sys.stdout.write(f"virtual printer ready pty={pty} tcp={tcp}\n")
    sys.stdout.flush()
    gc.freeze()
    try:
        server.run()
    finally:
        server.close()
    return 0


def _send(options: Options, command: str) -> int:
    if options.control is None:
        return 2
    try:
        answer = send(options.control, command)
    except (OSError, msgspec.MsgspecError) as error:
        _complain(f"no answer from the printer at {options.control}: {error}")
        return 1
    sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
    return 1 if "error" in answer else 0


def _complain(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
