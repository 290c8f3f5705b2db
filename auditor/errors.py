"""The errors a user can meet, and the exit code each one ends with.

    AuditorError            message, hint                                   exit
     ├─ ConfigError         auditor.toml, criteria.yaml, a flag               2
     ├─ LogError            a log that cannot be read                         1
     ├─ StoreError          the database: locked, foreign, newer, disk full   1
     ├─ EngineError         model file, memory, server; ``transient`` or not  1
     ├─ MissingExtraError   an optional package is not installed              1
     ├─ NotReadyError       an earlier stage has not run                      1
     └─ GateError           the audit ran, a gate the user set is not met     3

``cli.main`` prints them as two lines and ends the process. Below it a module catches one only to go
on without what failed: ``doctor`` lists a problem, a server that drops out leaves its calls to the
others, a stage records its failure and raises again. Any other exception that escapes is a bug in
auditor. docs/messages.md lists every message with its mend.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process returns: 0 done, 1 failed, 2 usage, 3 gate not met, 130 interrupted."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    GATE = 3
    INTERRUPTED = 130


class AuditorError(Exception):
    """What went wrong in one line; ``hint`` is a command or a setting that mends it.

    ``paste`` are lines for a file that the hint names, to be copied as they are.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str | None = None, paste: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.paste = paste


class ConfigError(AuditorError):
    """A setting, a criterion or a flag that cannot be used."""

    exit_code = ExitCode.USAGE


class LogError(AuditorError):
    """A log that cannot be read at all; a bad line inside one is a reject, not an error."""


class StoreError(AuditorError):
    """The database cannot be opened or written."""


class EngineError(AuditorError):
    """A model that cannot be loaded or a server that cannot be used at all."""

    def __init__(self, message: str, *, hint: str | None = None, transient: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.transient = transient


class MissingExtraError(AuditorError):
    """An optional package is needed; the hint is the line that installs it."""


class NotReadyError(AuditorError):
    """A stage needs the result of an earlier one; the hint is the command that makes it."""


class GateError(AuditorError):
    """The audit ran and a threshold the user set (``--fail-under``) is not met."""

    exit_code = ExitCode.GATE
