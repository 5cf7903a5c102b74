"""The shop's settings: one ``name = value`` a line, edited by hand now and then."""

from pathlib import Path


class Settings:
    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> dict[str, str]:
        """All settings, as the file says now."""
        settings = {}
        with open(self.path) as file:
            for line in file:
                name, _, value = line.partition("=")
                settings[name.strip()] = value.strip()
        return settings
