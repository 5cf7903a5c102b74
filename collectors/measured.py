"""What a backend hands back: the figures, how they came to be, and when."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from perfdoctor.schemas.recording import Collection, Window

Profile = TypeVar("Profile")


@dataclass(frozen=True, slots=True)
class Measured(Generic[Profile]):
    profile: Profile
    collection: Collection
    window: Window
