"""The Unix socket on which control commands come in, one JSON line each, answered by one JSON line each."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec

MOST_CLIENTS = 8
LONGEST_COMMAND = 65_536  # bytes
ANSWER_WITHIN = 5.0  # seconds


class ControlSocket:
    """Serves inside somebody else's loop: `readable()` says what to wait for, `serve(fd)` handles one of them."""

    def __init__(self, path: Path, answer: Callable[[bytes], bytes]) -> None:
        self._path = path
        self._answer = answer
        self._clients: dict[int, tuple[socket.socket, bytes]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_socket():
            raise FileExistsError(f"{path} is there and is no socket")
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen(MOST_CLIENTS)
        self._listener.setblocking(False)

    def readable(self) -> list[int]:
        """The descriptors to wait for."""
        return [self._listener.fileno(), *self._clients]

    def serve(self, fd: int) -> None:
        """Something can be read from `fd`."""
        if fd == self._listener.fileno():
            self._welcome()
        elif fd in self._clients:
            self._read(fd)

    def close(self) -> None:
        """End all conversations and take the socket away."""
        for client, _ in self._clients.values():
            client.close()
        self._clients.clear()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _welcome(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            if len(self._clients) >= MOST_CLIENTS:
                client.close()
                return
            client.settimeout(ANSWER_WITHIN)
            self._clients[client.fileno()] = (client, b"")

    def _read(self, fd: int) -> None:
        client, begun = self._clients[fd]
        try:
            data = client.recv(65_536)
            *lines, rest = (begun + data).split(b"\n")
            for line in lines:
                if line.strip():
                    client.sendall(self._answer(line) + b"\n")
        except OSError:
            data = rest = b""
        if not data or len(rest) > LONGEST_COMMAND:
            client.close()
            del self._clients[fd]
        else:
            self._clients[fd] = (client, rest)


def send(path: Path, command: str) -> dict[str, object]:
    """Send one command to a running printer; its answer. OSError: nobody is there; MsgspecError: no JSON came back."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(ANSWER_WITHIN)
        line.connect(str(path))
        line.sendall(command.replace("\n", " ").encode() + b"\n")
        with line.makefile("rb") as answers:
            return msgspec.json.decode(answers.readline(LONGEST_COMMAND), type=dict[str, object])
