"""Where the files shipped beside the code are: report templates and sample logs."""

from importlib.resources import files
from pathlib import Path


def resource(name: str) -> Path:
    """Return a shipped folder: inside the package in a wheel, beside it in a checkout."""
    packaged = Path(str(files("auditor"))) / name
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[1] / name
