"""The sources of a process that has one file, which no process has."""

from perfdoctor.collectors.source_text.sources import Source, Sources


class OneFile(Sources):
    """``source``, whatever file is asked for; None where it could not be parsed."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def of(self, file: str) -> Source | None:
        return self._source if self._source.is_parsed else None
