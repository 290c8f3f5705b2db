"""Write the sample logs again: `python sample_logs/generate.py [FOLDER]`.

Without FOLDER they go beside this file. The same seed gives the same logs.
"""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

from generator.assemble import logs

HERE = Path(__file__).resolve().parent


def main(folder: Path) -> None:
    found = logs()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "support-app.openai.jsonl").write_bytes(_joined(found.lines["support-app"]))
    (folder / "labels.jsonl").write_bytes(_joined(found.labels))
    packed = io.BytesIO()
    # Neither time nor file name in the header: the same logs are the same bytes.
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=9, mtime=0) as file:
        file.write(_joined(found.lines["dev-platform"]))
    (folder / "dev-platform.anthropic.jsonl.gz").write_bytes(packed.getvalue())


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
