"""What an operator may set: from the environment, or from a small TOML file. The environment wins."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator

from perfdoctor.schemas.model import Model
from perfdoctor.schemas.problem import ProblemError

PREFIX = "PERFDOCTOR_"
CONFIG = "PERFDOCTOR_CONFIG"
_FOLDERS = ("user_roots", "writable_roots", "workload_roots")
DECLARATIONS = "perfdoctor.toml"
"""the file by which a project declares workloads"""
ONLY_IN_FILE = ("workloads",)
"""(checked when one is asked for, and not before `initialize` is answered)"""
LONGEST_WINDOW = 45.0
"""seconds; common clients give a call up after 60, and reading and judging a window takes time too"""


class Settings(Model):
    state: Path = Field(description="Folder of recordings and tokens, created with mode 0700.")
    max_seconds: float = Field(
        default=LONGEST_WINDOW, ge=0.1, le=LONGEST_WINDOW, description="Longest window of one call, in seconds."
    )
    max_traces: int = Field(default=4, ge=1, le=1000, description="Measurements that may run at the same time.")
    max_calls_each: int = Field(
        default=16, ge=1, le=1000, description="Over HTTP: calls of one identity that may run at the same time."
    )
    max_requests_per_second: float = Field(
        default=50.0,
        gt=0,
        description="Over HTTP: requests a second of one identity, in the mean; four seconds' worth may come at once.",
    )
    max_connections: int = Field(
        default=1000, ge=1, le=100_000, description="Over HTTP: connections that may be open at the same time."
    )
    keep_recordings: int = Field(default=500, ge=1, description="Recordings kept; the oldest go first.")
    keep_bytes: int = Field(
        default=512 << 20, ge=1 << 20, description="Bytes of compressed evidence kept; the oldest go first."
    )
    user_roots: tuple[str, ...] = Field(
        default=(),
        description="Folders whose code is the user's own, and may be shown, separated by `:` in the environment. "
        "Empty: the workspace of a local client that offers one (roots), and all else that is not the standard "
        "library, an installed package or the system.",
    )
    writable_roots: tuple[str, ...] = Field(
        default=(),
        description="Folders whose files code-edit may change, absolute, separated by `:` in the environment. Empty: "
        "nothing may be changed.",
    )
    attach_runtimes: bool = Field(
        default=True,
        description="Whether a runtime may be asked about itself, by its own means: Java's attach mechanism, Flight "
        "Recorder included; Node's inspector, which prints some lines to the process's standard error and listens on a "
        "local port for the window.",
    )
    allow_custom: bool = Field(
        default=False,
        description="Whether trace-custom may run a caller's own bpftrace program, confined to its target.",
    )
    custom_anywhere: bool = Field(
        default=False,
        description="Whether such a program may, where asked, see other processes and the kernel: for trusted callers.",
    )
    workloads: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Commands that workload-run may run, as tables `[workloads.NAME]`: [workloads.md](workloads.md).",
    )
    workload_roots: tuple[str, ...] = Field(
        default=(),
        description="Folders whose `perfdoctor.toml` may declare workloads too, separated by `:` in the environment. "
        "Who may write that file, or the programs that it names, decides what is run.",
    )

    @field_validator("writable_roots")
    @classmethod
    def _absolute(cls, roots: tuple[str, ...]) -> tuple[str, ...]:
        for root in roots:
            if not root.startswith("/") or root.strip("/") in ("", "proc", "sys", "dev"):
                raise ValueError(f"{root!r} is not the absolute path of a folder of source code")
        return roots


def config_path(environment: Mapping[str, str]) -> Path:
    """``PERFDOCTOR_CONFIG``, or ``perfdoctor/config.toml`` below the XDG configuration folder."""
    named = environment.get(CONFIG)
    return Path(named) if named else _xdg(environment, "XDG_CONFIG_HOME", ".config") / "config.toml"


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. ProblemError when the file or a variable cannot be understood."""
    path = config_path(environment)
    values: dict[str, object] = {"state": _xdg(environment, "XDG_STATE_HOME", ".local/state")}
    try:
        values |= tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if CONFIG in environment:
            raise ProblemError(
                f"There is no configuration file {path}.",
                f"{CONFIG} names it.",
                f"Create it, or unset {CONFIG}.",
            ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProblemError(
            f"The configuration {path} cannot be read.", f"{error}.", "Correct the file, or move it away."
        ) from error
    for name in Settings.model_fields.keys() - {*ONLY_IN_FILE}:
        given = environment.get(PREFIX + name.upper())
        if given:
            values[name] = tuple(given.split(":")) if name in _FOLDERS else given
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ProblemError(
            f"The setting {name} is not valid.",
            f"{first['msg']}.",
            f"Correct {name} in {path}."
            if name.partition(".")[0] in ONLY_IN_FILE
            else f"Correct {PREFIX}{name.upper()} in the environment, or {name} in {path}.",
        ) from error


def _xdg(environment: Mapping[str, str], variable: str, below_home: str) -> Path:
    base = environment.get(variable)
    return (Path(base) if base else Path.home() / below_home) / "perfdoctor"
