"""The sources of a process that has one file, which no process has."""

from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.source_text.sources import Source, Sources, SourcesOfAll


class OneFile(Sources):
    """``source``, whatever file is asked for; None where it could not be parsed."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def of(self, file: str) -> Source | None:
        return self._source if self._source.is_parsed else None

    def lines(self, file: str) -> list[str]:
        return self._source.lines


class OneFileOfAll(SourcesOfAll):
    """The same of all processes."""

    def __init__(self, file: str, text: str) -> None:
        super().__init__(LocalHost())
        self._source = Source(file, text.encode())

    def of(self, pid: int) -> Sources:
        return OneFile(self._source)
