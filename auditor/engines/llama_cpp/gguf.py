"""Read what a GGUF file says about itself, without loading the model.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little endian).
"""

from __future__ import annotations

import hashlib
import mmap
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAGIC = b"GGUF"
_SCALARS = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i",
    6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip
_STRING, _ARRAY = 8, 9
_KEPT_ARRAY = 4096  # longer arrays (vocabularies) are stepped over
_SAMPLES, _SAMPLE_BYTES = 64, 65536
_SPLIT = re.compile(r"^(?P<stem>.*)-(?P<part>\d{5})-of-(?P<parts>\d{5})\.gguf$")


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufFile:
    """A GGUF model: its files (several when split), metadata, size in bytes and weights hash."""

    paths: tuple[Path, ...]
    metadata: Mapping[str, Any]
    size: int
    weights_hash: str

    @property
    def architecture(self) -> str:
        """llama, qwen35moe, gemma3, ..."""
        return str(self.metadata.get("general.architecture", "unknown"))

    def value(self, name: str) -> Any:
        """The metadata value ``<architecture>.<name>``, None when the file has none."""
        return self.metadata.get(f"{self.architecture}.{name}")

    @property
    def context_tokens(self) -> int | None:
        """The context length the model was trained with."""
        length = self.value("context_length")
        return int(length) if length else None

    @property
    def cache_bytes_per_token(self) -> int:
        """Bytes of KV cache that one token takes in 16-bit floats, over all layers."""
        heads = self._per_layer("attention.head_count")
        kv_heads = self._per_layer("attention.head_count_kv") or heads
        most = max(heads, default=0)
        if not most:
            return 0
        width = int(self.value("embedding_length") or 0) // most
        key = int(self.value("attention.key_length") or width)
        value = int(self.value("attention.value_length") or width)
        return sum(kv_heads) * (key + value) * 2 // self._attention_every

    @property
    def state_bytes_per_stream(self) -> int:
        """Bytes of recurrent state that one sequence takes, over all layers without attention.

        The sizes are those of llama.cpp's ``n_embd_r`` and ``n_embd_s`` (llama-hparams.cpp).
        """
        kernel, inner, state, groups = (
            int(self.value(f"ssm.{name}") or 0)
            for name in ("conv_kernel", "inner_size", "state_size", "group_count")
        )
        layers = int(self.value("block_count") or 0)
        attending = layers // self._attention_every if self._attention_every > 1 else 0
        per_layer = state * inner + max(kernel - 1, 0) * (inner + 2 * groups * state)
        return (layers - attending) * per_layer * 4 if inner else 0

    @property
    def _attention_every(self) -> int:
        """One layer in how many has attention, in models that mix it with recurrent layers."""
        return max(int(self.value("full_attention_interval") or 1), 1)

    def _per_layer(self, name: str) -> list[int]:
        """A number per layer, from a file that gives one for all or a list."""
        value = self.value(name)
        if isinstance(value, list):
            return [int(one) for one in value]
        return [] if value is None else [int(value)] * int(self.value("block_count") or 0)


def read_gguf(path: Path) -> GgufFile:
    """Read a GGUF model's header and hash its weights by samples.

    The hash is BLAKE2b over the size of each file, its header, and 64 blocks of 64 KiB spread
    evenly. It tells any two models or quantisations apart without reading gigabytes, but does not
    stop someone who wants two files to look alike.

    Raises:
        EngineError: no such file, not a GGUF file, or one that is cut off.
    """
    if not path.exists():
        raise EngineError(
            f"no model file at {path}", hint="give the path of a .gguf file: --model model.gguf"
        )
    if not path.is_file():
        raise EngineError(f"{path} is not a file", hint="give the path of a .gguf file")
    paths = _parts(path)
    hasher = hashlib.blake2b(digest_size=16)
    metadata: dict[str, Any] = {}
    size = 0
    for part in paths:
        try:
            part_metadata = _hash_file(part, hasher)
        except OSError as error:
            raise EngineError(
                f"cannot read {part}: {error.strerror}", hint="check the file's permissions"
            ) from None
        metadata = metadata or part_metadata
        size += part.stat().st_size
    return GgufFile(paths=paths, metadata=metadata, size=size, weights_hash=hasher.hexdigest())


def _parts(path: Path) -> tuple[Path, ...]:
    split = _SPLIT.match(path.name)
    if not split:
        return (path,)
    parts = int(split["parts"])
    names = [f"{split['stem']}-{i:05d}-of-{parts:05d}.gguf" for i in range(1, parts + 1)]
    found = tuple(path.with_name(name) for name in names)
    missing = [part.name for part in found if not part.is_file()]
    if missing:
        raise EngineError(
            f"{path.name} is one of {parts} parts and {missing[0]} is missing",
            hint="put all parts of the model into one folder",
        )
    return found


def _hash_file(path: Path, hasher: hashlib.blake2b) -> dict[str, Any]:
    size = path.stat().st_size
    if size < 24:  # noqa: PLR2004 - magic, version and the two counts
        raise EngineError(f"{path} is not a GGUF file", hint="auditor runs models in GGUF format")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:4] != MAGIC:
            raise EngineError(
                f"{path} is not a GGUF file", hint="auditor runs models in GGUF format"
            )
        try:
            metadata, end = _metadata(data)
        except (struct.error, KeyError, IndexError, UnicodeDecodeError, ValueError):
            raise EngineError(
                f"{path} is a damaged GGUF file", hint="download the model again"
            ) from None
        hasher.update(size.to_bytes(8, "little"))
        hasher.update(data[:end])
        step = max((size - end) // _SAMPLES, 1)
        for start in range(end, size, step):
            hasher.update(data[start : start + min(step, _SAMPLE_BYTES)])
    return metadata


def _metadata(data: mmap.mmap) -> tuple[dict[str, Any], int]:
    version, _, pairs = struct.unpack_from("<IQQ", data, 4)
    if version not in {2, 3}:
        raise ValueError(version)
    at = 24
    found: dict[str, Any] = {}
    for _ in range(pairs):
        key, at = _string(data, at)
        (kind,) = struct.unpack_from("<I", data, at)
        found[key], at = _value(data, at + 4, kind)
    return found, at


def _string(data: mmap.mmap, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<Q", data, at)
    end = at + 8 + length
    if end > len(data):
        raise ValueError(length)
    return data[at + 8 : end].decode("utf-8", "replace"), end


def _value(data: mmap.mmap, at: int, kind: int) -> tuple[Any, int]:
    if kind == _STRING:
        return _string(data, at)
    if kind != _ARRAY:
        form = _SCALARS[kind]
        return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)
    of, count = struct.unpack_from("<IQ", data, at)
    at += 12
    if of in _SCALARS and count > _KEPT_ARRAY:
        return None, at + struct.calcsize(_SCALARS[of]) * count
    if of == _STRING and count > _KEPT_ARRAY:
        for _ in range(count):
            at += 8 + struct.unpack_from("<Q", data, at)[0]
        return None, at
    values = []
    for _ in range(count):
        value, at = _value(data, at, of)
        values.append(value)
    return values, at
