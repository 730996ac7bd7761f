"""The limit of an upload: a bare ASGI application that writes a body to a new file as it arrives, and makes it safe.

`python -m tests.bench.bare_upload HTTP_PORT FOLDER`: no form, no digest, no account; answers 201 after an fsync.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import uvicorn


def application(folder: Path) -> Any:
    """The application. A safe file takes the place of the one before, as ours does, so that both need new memory."""
    arriving, arrived = folder / "body.part", folder / "body"

    async def take(_: Any, receive: Any, send: Any) -> None:
        with arriving.open("wb", buffering=0) as file:
            more = True
            while more:
                message = await receive()
                more = message.get("more_body", False)
                file.write(message.get("body", b""))
            await asyncio.to_thread(os.fsync, file.fileno())
        arriving.replace(arrived)
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    return take


if __name__ == "__main__":
    uvicorn.run(
        application(Path(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools",
        lifespan="off", log_level="warning", access_log=False,
    )  # fmt: skip
