"""What a running server counts of itself. Nobody asks for it over stdio; over HTTP it is what /metrics shows."""


class Meters:
    """Told by what is shared among the transports; keeps nothing. ``transports.metrics`` keeps it."""

    def progress(self, *, sent: bool) -> None:
        """A message of progress was handed to the connection, or was given up because the client does not read."""

    def lost(self, events: int) -> None:
        """A window was kept in which so many events happened that are not in its figures."""
