"""What the virtual printer can be told on its command line, as one typed value."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one virtual printer. Times in seconds, lengths in mm, `speed` as a factor of real time."""

    pty: Path | None = None
    tcp: str | None = None
    control: Path | None = None
    log: Path | None = None
    send: str | None = None

    speed: float = 1.0  # 0: moves, heaters and dwell take no time
    baudrate: int = 0  # 0: the wire is not paced
    strict_baudrate: bool = False
    reply_latency: float = 0.0
    rx_buffer: int = 128
    queue: int = 4
    planner: int = 16
    move_seconds: float | None = None  # every move takes this long, whatever its length
    acceleration: float = 1500.0  # mm/s²

    advanced_ok: bool = False
    ok_after_resend: bool = True
    drain_on_error: bool = False
    ignore_repeated: bool = False
    emergency_parser: bool = True
    wait_when_idle: bool = False
    busy_interval: float = 2.0  # M113
    reset_on_open: bool = False

    tools: int = 1
    heated_bed: bool = True
    heated_chamber: bool = False
    card: bool = False

    seed: int = 1
    faults: tuple[str, ...] = ()


def parse_options(argv: Sequence[str]) -> Options:
    """The options of a command line; a wrong one ends the process with one sentence and code 2, as argparse does."""
    parsed = _parser().parse_args(argv)
    if parsed.send is not None and parsed.control is None:
        _parser().error("--send needs --control PATH, the socket of the printer to speak to")
    if parsed.send is None and parsed.pty is None and parsed.tcp is None:
        _parser().error("give the printer a line: --pty LINK or --tcp HOST:PORT")
    if parsed.strict_baudrate and not parsed.baudrate:
        _parser().error("--strict-baudrate needs --baudrate")
    shorthands = [fault for name in _SHARES if (fault := _shorthand(name, getattr(parsed, name)))]
    return Options(
        pty=parsed.pty,
        tcp=parsed.tcp,
        control=parsed.control,
        log=parsed.log,
        send=parsed.send,
        speed=parsed.speed,
        baudrate=parsed.baudrate,
        strict_baudrate=parsed.strict_baudrate,
        reply_latency=parsed.reply_latency_ms / 1000,
        rx_buffer=parsed.rx_buffer,
        queue=parsed.queue,
        planner=parsed.planner,
        move_seconds=None if parsed.move_ms is None else parsed.move_ms / 1000,
        acceleration=parsed.acceleration,
        advanced_ok=parsed.advanced_ok,
        ok_after_resend=not parsed.no_ok_after_resend,
        drain_on_error=parsed.drain_on_error,
        ignore_repeated=parsed.ignore_repeated,
        emergency_parser=not parsed.no_emergency_parser,
        wait_when_idle=parsed.wait_when_idle,
        busy_interval=parsed.busy_interval,
        reset_on_open=parsed.reset_on_open,
        tools=parsed.tools,
        heated_bed=not parsed.no_heated_bed,
        heated_chamber=parsed.heated_chamber,
        card=parsed.card,
        seed=parsed.seed,
        faults=(*shorthands, *parsed.fault),
    )


_SHARES = {
    "corrupt": "share of numbered lines in which one bit is turned over on the wire",
    "lose_byte": "share of numbered lines that lose one byte on the wire",
    "lose_ok": "share of oks that never reach the host",
    "double_ok": "share of oks that are sent twice",
    "delay_ok": "share of oks that come a second late",
    "resend_storm": "share of numbered lines that are refused although they are right",
}


def _shorthand(name: str, share: float) -> str:
    return f'{{"fault":"{name}","share":{share}}}' if share > 0 else ""


def _from(minimum: float, kind: type[int] | type[float], below: float = float("inf")) -> type[int] | type[float]:
    """A converter for argparse that refuses what is outside [minimum, below]."""

    def convert(text: str) -> float:
        value = kind(text)
        if not minimum <= value <= below:
            raise argparse.ArgumentTypeError(f"{text} is not between {minimum} and {below}")
        return value

    convert.__name__ = kind.__name__
    return convert  # type: ignore[return-value]


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not HOST:PORT")
    return f"{host or '127.0.0.1'}:{port}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jobwire virtual-printer", description="A printer without a printer.")
    _line_options(parser.add_argument_group("the line"))
    _firmware_options(parser.add_argument_group("the firmware"))
    _machine_options(parser.add_argument_group("the machine"))
    _fault_options(parser.add_argument_group("faults, also at run time through the control socket"))
    return parser


def _line_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--pty", type=Path, metavar="LINK", help="serve on a pseudo terminal and link LINK to it")
    group.add_argument(
        "--tcp", type=_address, metavar="HOST:PORT", help="serve on TCP, one client at a time; port 0 is any free one"
    )
    group.add_argument("--baudrate", type=_from(0, int), default=0, help="pace the wire like a UART; 0: do not")
    group.add_argument("--strict-baudrate", action="store_true", help="hosts at another speed get garbage (pty)")
    group.add_argument("--reply-latency-ms", type=_from(0, float), default=0.0, help="a USB adapter's delay")
    group.add_argument("--control", type=Path, metavar="PATH", help="Unix socket for faults and readings")
    group.add_argument("--log", type=Path, metavar="FILE", help="write each executed command, with its line number")
    group.add_argument("--send", metavar="JSON", help="send one command to a running printer's --control and print")
    group.add_argument("--reset-on-open", action="store_true", help="reset when a host opens the line, as by DTR")


def _firmware_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--rx-buffer", type=_from(8, int), default=128, help="bytes of the receive ring")
    group.add_argument("--queue", type=_from(1, int), default=4, help="commands in the command queue")
    group.add_argument("--planner", type=_from(2, int), default=16, help="blocks in the planner")
    group.add_argument("--advanced-ok", action="store_true", help="ok with line number and free places")
    group.add_argument("--no-ok-after-resend", action="store_true", help="do not send an ok after a Resend")
    group.add_argument("--drain-on-error", action="store_true", help="throw away what stands in the ring, as Marlin")
    group.add_argument("--ignore-repeated", action="store_true", help="drop the last two lines silently, as Marlin 2.1")
    group.add_argument("--no-emergency-parser", action="store_true", help="M108, M112, M410 wait their turn")
    group.add_argument("--wait-when-idle", action="store_true", help="say wait each idle second")
    group.add_argument("--busy-interval", type=_from(0, float), default=2.0, help="seconds of M113; 0: never busy")


def _machine_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--speed", type=_from(0, float), default=1.0, help="factor of real time; 0: no time passes")
    group.add_argument("--acceleration", type=_from(1, float), default=1500.0, help="mm/s²")
    group.add_argument("--move-ms", type=_from(0, float), help="every move takes this long")
    group.add_argument("--tools", type=_from(1, int, 8), default=1, help="number of hotends")
    group.add_argument("--no-heated-bed", action="store_true")
    group.add_argument("--heated-chamber", action="store_true")
    group.add_argument("--card", action="store_true", help="an SD card with one small file is in the slot")


def _fault_options(group: argparse._ArgumentGroup) -> None:
    for name, promise in _SHARES.items():
        option = "--" + name.replace("_", "-")
        group.add_argument(option, type=_from(0, float, 1), default=0.0, metavar="SHARE", help=promise)
    group.add_argument("--fault", action="append", default=[], metavar="JSON", help='as {"fault":"lose_ok","every":9}')
    group.add_argument("--seed", type=int, default=1, help="of all that is random")
