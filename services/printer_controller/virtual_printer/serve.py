"""The one loop of the process: waits for bytes and due times, and lets board, line and ports do the rest."""

from __future__ import annotations

import select
import signal
import socket
import time

import msgspec

from shared.errors import Invalid

from .command_log import CommandLog
from .control import act, decode
from .control_socket import ControlSocket
from .firmware import Firmware
from .options import Options
from .ports import Port, PtyPort, TcpPort
from .serial_line import SerialLine

NEVER = float("inf")
FLUSH_EVERY = 0.1  # seconds; the longest that an executed command waits for its line in the log
LOOK_EVERY = 0.01  # seconds; how soon a host that opens the terminal is noticed
AWAKE_BEFORE = 0.0003  # seconds before a paced reply is due, from which on the loop no longer sleeps
AWAKE_AFTER = 0.0003  # seconds after a paced reply, in which the answer of a host that waited for it is seen at once


class Server:
    """A board on its ports. `run` ends by SIGTERM or SIGINT; `close` then takes link and sockets away."""

    def __init__(self, options: Options) -> None:
        self._stopping = False
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self.log = CommandLog(options.log)
        self.board = Firmware(options, self.log)
        self.line = SerialLine(self.board, options.baudrate, options.reply_latency)
        self.tcp = TcpPort(options.tcp) if options.tcp else None
        self.control = ControlSocket(options.control, self._answer) if options.control else None
        pty = PtyPort(options.pty, options.baudrate if options.strict_baudrate else 0) if options.pty else None
        self.ports: list[Port] = [port for port in (pty, self.tcp) if port is not None]
        self._reset_on_open = options.reset_on_open
        self._paced = bool(options.baudrate)
        self._awake_until = 0.0
        self._awake_before = AWAKE_BEFORE if options.baudrate or options.reply_latency else 0.0
        self._plug_at = NEVER
        self._plugged = True
        self._attached = False
        self._now = self._house_at = 0.0
        self._port_of: dict[int, Port] = {}
        self._reading: list[int] = []
        self._writing: list[int] = []
        self._power_up(options)

    def _power_up(self, options: Options) -> None:
        """The board starts; its banner goes to nobody, since no host is there yet."""
        self.board.now = time.monotonic()
        self.board.reset()
        self.board.voice.take()
        self.board.counters.resets = 0
        for fault in options.faults:
            act(self, decode(fault))

    def run(self) -> None:
        """Serve until a signal says to end."""
        self._watch()
        while not self._stopping:
            self._turn()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _turn(self) -> None:
        """One round: wait, take what came, do what is due, send what is due."""
        ready, writable, _ = select.select(self._reading, self._writing, (), self._wait())
        now = time.monotonic()
        for fd in ready:
            if fd in self._port_of:
                self._hear(self._port_of[fd], fd, now)
            elif self.control:
                self.line.advance(now)
                self.control.serve(fd)
                self.line.advance(now)
                self._watch()
        if self.line.next_event() <= now:
            self.line.advance(now)
        replies = self.line.due(now)
        if replies or writable:
            for port in self.ports:
                port.write(replies)
            self._writing = [fd for port in self.ports for fd in port.writable()]
            self._awake_until = now + AWAKE_AFTER if self._paced else 0.0
        if self._house_at <= now:
            self._keep_house(now)
        self._now = now

    def _hear(self, port: Port, fd: int, now: float) -> None:
        data = port.read(fd)
        if data:
            self.line.heard(data, now)
        else:
            self._watch()  # a host came or went

    def _wait(self) -> float:
        """Seconds to wait at most: less than until the next reply, so that it goes out on the dot."""
        if self._now < self._awake_until and self.line.inbound_idle():
            return 0.0
        due = min(self.line.next_event(), self.line.next_reply() - self._awake_before, self._house_at)
        return max(0.0, due - self._now)

    def _watch(self) -> None:
        """Who is there now, and what is to be waited for."""
        attached = any(port.attached for port in self.ports)
        if attached and not self._attached and (self._reset_on_open or self.board.halted):
            self.board.reset()
        self._attached = attached
        self._port_of = {fd: port for port in self.ports for fd in port.readable()}
        control = self.control.readable() if self.control else []
        self._reading = [*self._port_of, *control, self._woken.fileno()]
        self._writing = [fd for port in self.ports for fd in port.writable()]
        self._house_at = 0.0

    def _keep_house(self, now: float) -> None:
        """What is done by the clock and not by the board: plugging in, looking for hosts, writing the log."""
        self.log.flush()
        if self._plug_at <= now:
            self.plug()
        hung_up = [port for port in self.ports if port.polled()]
        for port in hung_up:
            port.look()
        if any(port.attached for port in hung_up):
            self._watch()
        self._house_at = min(now + (LOOK_EVERY if hung_up else FLUSH_EVERY), self._plug_at)

    def unplug(self, seconds: float | None) -> None:
        """Pull the cable; the board lives on."""
        self._plugged = False
        self._plug_at = NEVER if seconds is None else time.monotonic() + seconds
        self.line.cut()
        for port in self.ports:
            port.unplug()
        self._watch()

    def plug(self) -> None:
        """Put the cable in again."""
        self._plug_at = NEVER
        if not self._plugged:
            self._plugged = True
            for port in self.ports:
                port.plug()
            self._watch()

    def plugged(self) -> bool:
        """Whether the cable is in."""
        return self._plugged

    def _answer(self, line: bytes) -> bytes:
        """One control command; whoever asks finds the log written."""
        self.log.flush()
        self.board.counters.unread_bytes = sum(port.lost for port in self.ports)
        try:
            return msgspec.json.encode(act(self, decode(line)))
        except Invalid as error:
            return msgspec.json.encode({"error": error.message})

    def close(self) -> None:
        """Take everything away that others could find."""
        signal.set_wakeup_fd(-1)
        for port in self.ports:
            port.unplug()
        if self.tcp:
            self.tcp.close()
        if self.control:
            self.control.close()
        self._woken.close()
        self._waker.close()
        self.log.close()
