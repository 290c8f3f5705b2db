"""Decoding in a thread of its own: the caller saves answers meanwhile, and Ctrl-C stops it."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from auditor.engines.llama_cpp.batching import Lost, Output
    from auditor.engines.llama_cpp.bindings import Context


class BackgroundDecode:
    """Runs ``decode(run)`` in a thread; it hands over outputs with ``run.emit``.

    Contexts come and go while it runs: ``run.holds`` names the one that decodes now, so that
    ``end``, called from any thread, can stop it in the middle of a decode.
    """

    def __init__(self, decode: Callable[[BackgroundDecode], None]) -> None:
        self._decode = decode
        self._outbox: queue.SimpleQueue[Output | Lost | BaseException | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._context: Context | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="decoder", daemon=True)
        self._thread.start()

    def outputs(self) -> Generator[Output | Lost, None, None]:
        """Yield what was emitted, until all is decoded; raises what ``decode`` raised.

        Closing the generator ends the decoding.
        """
        try:
            while (output := self._outbox.get()) is not None:
                if isinstance(output, BaseException):
                    raise output
                yield output
        finally:
            self.end()

    def emit(self, output: Output | Lost) -> None:
        """Hand over an output, or a prompt that came to none."""
        self._outbox.put(output)

    def holds(self, context: Context | None) -> None:
        """Name the context that decodes from now on."""
        with self._lock:
            self._context = context
            if context is not None and self._ended:
                context.stop()

    def end(self) -> None:
        """Stop decoding, and return when nothing of it runs any more."""
        with self._lock:
            self._ended = True
            if self._context is not None:
                self._context.stop()
        self._thread.join()

    def _work(self) -> None:
        try:
            self._decode(self)
            self._outbox.put(None)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._outbox.put(error)
