"""What answers requests: models in this process by llama.cpp, or on a server.

An engine of another package needs only this module and ``auditor.domain``: it implements
``Engine`` and registers under the entry-point group ``auditor.engines``.
"""

from auditor.engines.base import Engine, EngineSettings, MeasuredSpeed
from auditor.engines.registry import open_engine

__all__ = ["Engine", "EngineSettings", "MeasuredSpeed", "open_engine"]
