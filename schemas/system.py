"""What can be measured on this machine, and what would unlock the rest."""

from perfdoctor.schemas.model import Model
from perfdoctor.schemas.recording import NextCall


class BackendState(Model):
    """One engine or program. ``answers`` names the questions it serves; ``unlock`` is the exact command or step that
    would make it
    available here (None when it is)."""

    backend: str
    available: bool
    version: str | None = None
    answers: tuple[str, ...]
    why: str = ""
    unlock: str | None = None


class KernelFeature(Model):
    feature: str
    available: bool
    detail: str = ""


class ToolsAnswer(Model):
    summary: str
    system: str
    kernel: str
    architecture: str
    privileges: tuple[str, ...]
    backends: tuple[BackendState, ...]
    features: tuple[KernelFeature, ...]
    runtimes: tuple[str, ...]
    next: tuple[NextCall, ...]
