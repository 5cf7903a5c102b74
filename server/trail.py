"""What one call touched: noted while it runs, for the audit."""

from dataclasses import dataclass, field

from perfdoctor.schemas.target import Target


@dataclass(slots=True)
class Trail:
    targets: list[Target] = field(default_factory=list)
    recordings: list[str] = field(default_factory=list)
    """those that were read"""
    made: list[str] = field(default_factory=list)

    def note(self, target: Target) -> None:
        self.targets.append(target)
