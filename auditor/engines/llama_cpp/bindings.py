"""llama.cpp's low-level API, as far as replay needs it, behind two small classes.

The structs are those of the pinned llama-cpp-python; ``Context.check`` tries at start whether
they still behave. This is the only module that imports ``llama_cpp``.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from auditor.engines.measuring import machine
from auditor.errors import EngineError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

PACKAGE = "llama-cpp-python"
BATCH_TOKENS = 2048
MICRO_BATCH_TOKENS = 512
ABORTED = 2
_api: Any = None
_quiet: Any = None


def is_installed() -> bool:
    """Whether llama-cpp-python is there, without importing it."""
    return find_spec("llama_cpp") is not None


def installed_version() -> str:
    """The version of llama-cpp-python, without importing it.

    Raises:
        MissingExtraError: it is not installed.
    """
    if is_installed():
        with suppress(PackageNotFoundError):
            return version(PACKAGE)
    raise MissingExtraError(
        "the embedded engine is not installed",
        hint="pip install 'auditor[embedded]'   or use --model URL#name",
    )


def api() -> Any:
    """The module ``llama_cpp.llama_cpp``, loaded once and told to be quiet."""
    global _api, _quiet  # noqa: PLW0603 - a C library is loaded once per process
    if _api is None:
        installed_version()
        if machine.is_shared(machine.taken_cores()):
            # OpenMP's default is to spin while it waits, which on a shared machine costs up to
            # ten times the work itself; on a quiet one not to spin makes a run 1.4 times longer.
            # libgomp reads this when it is loaded.
            os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        try:
            import llama_cpp.llama_cpp as module
        except (OSError, RuntimeError, AttributeError, ImportError) as error:
            raise EngineError(
                f"llama-cpp-python is installed but does not load: {error}",
                hint="pip install --force-reinstall --no-binary :all: "
                f"llama-cpp-python=={installed_version()}",
            ) from None
        _quiet = module.llama_log_callback(lambda *_: None)
        module.llama_log_set(_quiet, ctypes.c_void_p(0))
        module.llama_backend_init()
        _api = module
    return _api


def schema_to_grammar(schema: str) -> str:
    """A JSON schema as a grammar in GBNF, by llama.cpp's own converter.

    Raises whatever the converter trips over in a schema it does not know.
    """
    installed_version()
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    return str(json_schema_to_gbnf(schema))


class _BufferOverride(ctypes.Structure):
    """``llama_model_tensor_buft_override``, which llama-cpp-python leaves out."""

    _fields_ = (("pattern", ctypes.c_char_p), ("buft", ctypes.c_void_p))


class Model:
    """A loaded model and its vocabulary."""

    def __init__(
        self,
        path: Path,
        *,
        vocabulary_only: bool = False,
        gpu_layers: int | None = None,
        cpu_expert_layers: int = 0,
    ) -> None:
        self._llama = api()
        params = self._llama.llama_model_default_params()
        params.vocab_only = vocabulary_only
        if gpu_layers is not None:
            params.n_gpu_layers = gpu_layers
        elif self._llama.llama_supports_gpu_offload():
            params.n_gpu_layers = -1
        else:
            params.n_gpu_layers = 0
        self._overrides = self._experts_in_memory(cpu_expert_layers)
        if self._overrides is not None:
            params.tensor_buft_overrides = ctypes.cast(self._overrides, ctypes.c_void_p)
        self.handle = self._llama.llama_model_load_from_file(os.fsencode(path), params)
        if not self.handle:
            raise EngineError(
                f"llama.cpp cannot load {path.name}",
                hint=f"the file may be damaged or newer than llama.cpp in {PACKAGE} "
                f"{installed_version()}",
            )
        self.vocabulary = self._llama.llama_model_get_vocab(self.handle)
        self.size: int = self._llama.llama_vocab_n_tokens(self.vocabulary)
        self._pieces: dict[int, bytes] = {}

    @property
    def cuttable(self) -> bool:
        """Whether a cached sequence can be cut at any position; recurrent state cannot."""
        return not (
            self._llama.llama_model_is_recurrent(self.handle)
            or self._llama.llama_model_is_hybrid(self.handle)
        )

    @property
    def template(self) -> str | None:
        """The chat template in the file."""
        text = self._llama.llama_model_chat_template(self.handle, None)
        return text.decode("utf-8", "replace") if text else None

    @property
    def first_text(self) -> str:
        """The text of the token that begins a sequence."""
        return self._special(self._llama.llama_vocab_bos(self.vocabulary))

    @property
    def last_text(self) -> str:
        """The text of the token that ends a sequence."""
        return self._special(self._llama.llama_vocab_eos(self.vocabulary))

    @property
    def adds_first(self) -> bool:
        """Whether a prompt without it gets the token that begins a sequence."""
        return bool(self._llama.llama_vocab_get_add_bos(self.vocabulary))

    def _special(self, token: int) -> str:
        return self._piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def tokenize(self, text: str, *, add_special: bool = False) -> tuple[int, ...]:
        """Tokens of a text in which special tokens are written out."""
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        buffer = (self._llama.llama_token * room)()
        count = self._llama.llama_tokenize(
            self.vocabulary,
            raw,
            len(raw),
            buffer,
            room,
            add_special,
            True,  # noqa: FBT003 - C
        )
        return tuple(buffer[:count])

    def piece(self, token: int) -> bytes:
        """The bytes a token stands for; control tokens stand for none."""
        found = self._pieces.get(token)
        if found is None:
            found = self._pieces[token] = self._piece(token, special=False)
        return found

    def _piece(self, token: int, *, special: bool) -> bytes:
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            count = self._llama.llama_token_to_piece(
                self.vocabulary, token, buffer, room, 0, special
            )
            if count >= 0:
                return buffer.raw[:count]
            room = -count

    def ends(self, token: int) -> bool:
        """Whether a token ends the answer."""
        return bool(self._llama.llama_vocab_is_eog(self.vocabulary, token))

    def close(self) -> None:
        """Free the model."""
        if self.handle:
            self._llama.llama_model_free(self.handle)
            self.handle = None

    def _experts_in_memory(self, layers: int) -> Any:
        """Overrides that keep the experts of the first ``layers`` layers off the GPU."""
        if not layers:
            return None
        # Not exported by the package, but linked into the library it loads.
        function = self._llama._lib.ggml_backend_cpu_buffer_type  # noqa: SLF001
        function.restype = ctypes.c_void_p
        overrides = (_BufferOverride * (layers + 1))()
        for layer in range(layers):
            # llama.cpp's own --n-cpu-moe uses this expression (common/common.h).
            pattern = rf"blk\.{layer}\.ffn_(up|down|gate|gate_up)_(ch|)exps"
            overrides[layer] = _BufferOverride(pattern.encode(), function())
        return overrides


class Context:
    """A KV cache of ``sequences`` streams and one batch to decode with.

    Every stream has room for ``tokens`` tokens of its own. Streams are separate (not unified):
    on CPUs that decodes 1.26 to 1.36 times faster, and a stream can be copied whole, which is
    the only copy that recurrent models know. ``flash`` False takes attention the plain way.
    """

    def __init__(
        self, model: Model, *, tokens: int, sequences: int, threads: int, flash: bool = True
    ) -> None:
        import numpy as np

        self._llama = llama = api()
        self.model = model
        params = llama.llama_context_default_params()
        params.n_ctx = tokens * sequences
        params.n_seq_max = sequences
        params.n_batch = BATCH_TOKENS
        params.n_ubatch = MICRO_BATCH_TOKENS
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = (
            llama.LLAMA_FLASH_ATTN_TYPE_AUTO if flash else llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        params.kv_unified = False
        params.swa_full = True
        params.no_perf = True
        self._stop = ctypes.create_string_buffer(2)
        params.abort_callback, self._abort = self._abort_callback()
        params.abort_callback_data = ctypes.cast(self._stop, ctypes.c_void_p)
        self.handle = llama.llama_init_from_model(model.handle, params)
        if not self.handle:
            raise EngineError(
                f"llama.cpp cannot make a context of {sequences} x {tokens} tokens",
                hint="use fewer --slots or a smaller context",
            )
        self._memory = llama.llama_get_memory(self.handle)
        self.tokens: int = llama.llama_n_ctx_seq(self.handle)
        self.sequences = sequences
        self._batch = batch = llama.llama_batch_init(BATCH_TOKENS, 0, 1)
        self._token = np.ctypeslib.as_array(batch.token, (BATCH_TOKENS,))
        self._position = np.ctypeslib.as_array(batch.pos, (BATCH_TOKENS,))
        self._wanted = np.ctypeslib.as_array(batch.logits, (BATCH_TOKENS,))
        np.ctypeslib.as_array(batch.n_seq_id, (BATCH_TOKENS,))[:] = 1
        addresses = ctypes.cast(batch.seq_id, ctypes.POINTER(ctypes.c_void_p))
        self._sequence = [
            (llama.llama_seq_id * 1).from_address(addresses[i]) for i in range(BATCH_TOKENS)
        ]

    def _abort_callback(self) -> tuple[Any, Any]:
        """A callback that llama.cpp polls between operations, in C: ``strlen(stop)``.

        A Python function here costs 3 % of the run. ``strlen`` of the two-byte buffer is 0 until
        ``stop`` writes a byte into it, then 1, which is all the callback has to say.
        """
        kind = self._llama.ggml_abort_callback
        try:
            address = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p).value
            return kind(address), None
        except (OSError, AttributeError, TypeError):
            callback = kind(lambda _: self._stop.raw[0] != 0)
            return callback, callback

    def stop(self) -> None:
        """Make a decode that runs in another thread return at once."""
        self._stop[0] = b"\x01"

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` was called."""
        return self._stop.raw[0] != 0

    def clear(self) -> None:
        """Empty every stream."""
        self._llama.llama_memory_clear(self._memory, False)  # noqa: FBT003 - C

    def drop(self, sequence: int, start: int = -1) -> bool:
        """Remove a stream's tokens from position ``start`` on; False if it cannot be cut there."""
        return bool(self._llama.llama_memory_seq_rm(self._memory, sequence, start, -1))

    def copy(self, source: int, target: int) -> None:
        """Make ``target`` a copy of the whole of ``source``."""
        self.drop(target)
        self._llama.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def prefill(
        self, sequence: int, tokens: Sequence[int], start: int, *, logits: bool, chunk: int
    ) -> bool:
        """Decode ``tokens[start:]`` of one stream in chunks; False if it was stopped.

        With ``logits`` those of the last token can be read as row 0 afterwards.
        """
        for at in range(start, len(tokens), chunk):
            part = tokens[at : at + chunk]
            count = len(part)
            self._token[:count] = part
            self._position[:count] = range(at, at + count)
            self._wanted[:count] = 0
            for i in range(count):
                self._sequence[i][0] = sequence
            if logits and at + count == len(tokens):
                self._wanted[count - 1] = 1
            if not self._decode(count):
                return False
        return True

    def step(self, rows: Sequence[tuple[int, int, int]]) -> bool:
        """Decode one token each of several streams, given as (sequence, token, position).

        The logits of row i are those of ``rows[i]``. False if it was stopped.
        """
        for i, (sequence, token, position) in enumerate(rows):
            self._token[i], self._position[i] = token, position
            self._sequence[i][0] = sequence
        self._wanted[: len(rows)] = 1
        return self._decode(len(rows))

    def _decode(self, count: int) -> bool:
        self._batch.n_tokens = count
        code = self._llama.llama_decode(self.handle, self._batch)
        if code == ABORTED or self.stopped:
            return False
        if code:
            raise EngineError(
                f"llama.cpp failed to decode (code {code})",
                hint="use fewer --slots, or check the model file",
            )
        return True

    def logits(self, rows: int) -> npt.NDArray[np.float32]:
        """The logits of the last decode, shape (rows, vocabulary); valid until the next one."""
        import numpy as np

        pointer = self._llama.llama_get_logits(self.handle)
        return np.ctypeslib.as_array(pointer, (rows, self.model.size))

    def close(self) -> None:
        """Free the cache and the batch."""
        if self.handle:
            self._llama.llama_batch_free(self._batch)
            self._llama.llama_free(self.handle)
            self.handle = None
