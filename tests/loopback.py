"""HTTP servers of the tests: on 127.0.0.1, for as long as a block lasts."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class Handler(BaseHTTPRequestHandler):
    """What every handler here shares; subclasses answer in ``post`` and ``get``."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.post()

    def do_GET(self) -> None:
        self.get()

    def post(self) -> None:
        """Answer a POST."""
        self.send(404, "text/plain", b"no")

    def get(self) -> None:
        """Answer a GET."""
        self.send(404, "text/plain", b"no")

    def body(self) -> Any:
        """Return the JSON that was sent."""
        return json.loads(self.rfile.read(int(self.headers["content-length"])))

    def send(self, status: int, kind: str, raw: bytes, claimed: int | None = None) -> None:
        """Answer; ``claimed`` is the length to lie about."""
        try:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(raw) if claimed is None else claimed))
            self.end_headers()
            self.wfile.write(raw)
        except OSError:  # the client was killed
            self.close_connection = True
        if claimed is not None:
            self.close_connection = True

    def send_json(self, status: int, reply: Any) -> None:
        """Answer with JSON."""
        self.send(status, "application/json", json.dumps(reply).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening(handler: type[Handler]) -> Iterator[str]:
    """Run a server; gives its address, without a path."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
