"""What an operator may set: from the environment, or from a small TOML file. The environment wins."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator

from perfdoctor.schemas.model import Model
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.private import must_be_trusted
from perfdoctor.server.rules import Rule

PREFIX = "PERFDOCTOR_"
CONFIG = "PERFDOCTOR_CONFIG"
_FOLDERS = ("user_roots", "writable_roots", "workload_roots")
DECLARATIONS = "perfdoctor.toml"
"""the file by which a project declares workloads"""
ONLY_IN_FILE = ("workloads", "rules", "oauth")
"""(workloads are checked when one is asked for, OAuth when HTTP is served: not before `initialize` is answered)"""
_DECIDES_WHO = ("rules", "oauth")
"""what in the file decides who may do what"""
LONGEST_WINDOW = 45.0
"""seconds; common clients give a call up after 60, and reading and judging a window takes time too"""


class Settings(Model):
    state: Path = Field(description="Folder of recordings and tokens, created with mode 0700.")
    max_seconds: float = Field(
        default=LONGEST_WINDOW, ge=0.1, le=LONGEST_WINDOW, description="Longest window of one call, in seconds."
    )
    max_traces: int = Field(default=4, ge=1, le=1000, description="Measurements that may run at the same time.")
    max_traces_each: int = Field(
        default=2, ge=1, le=1000, description="Of these, those of one identity that connects with a token."
    )
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
    keep_recordings_each: int | None = Field(
        default=None, ge=1, description="Recordings kept of each caller; without it, one may fill the whole quota."
    )
    keep_bytes_each: int | None = Field(
        default=None, ge=1 << 20, description="Bytes of compressed evidence kept of each caller."
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL database that keeps the recordings of several servers, as "
        "`postgresql://USER@HOST/DATABASE`: [administration.md](administration.md). The password may stand in "
        "`PGPASSWORD` or `~/.pgpass` instead. Empty: a SQLite file in the state folder.",
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
    rules: tuple[Rule, ...] = Field(
        default=(),
        description="Which processes, workloads and tools an identity may touch, as tables `[[rules]]`: "
        "[access.md](access.md).",
    )
    oauth: dict[str, Any] = Field(
        default_factory=dict,
        description="Whose access tokens are accepted, as a table `[oauth]`: [access.md](access.md).",
    )
    audit: Literal["off", "http", "all"] = Field(
        default="http",
        description="Of which calls a line is kept: those over HTTP, all (stdio and the shell too), or none.",
    )
    audit_folder: Path | None = Field(
        default=None, description="Where these lines are kept; without it in the folder `audit` of `state`."
    )
    audit_when_full: Literal["refuse", "go-on"] = Field(
        default="refuse", description="What becomes of a call of which no line can be kept, as on a full disk."
    )
    audit_bytes: int = Field(
        default=16 << 20, ge=64 << 10, le=1 << 30, description="Size at which the audit begins a new file."
    )
    audit_files: int = Field(
        default=64, ge=2, le=100_000, description="Full files of the audit that are kept; the oldest go first."
    )

    @field_validator("database_url")
    @classmethod
    def _of_postgresql(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None or not url.get_secret_value():
            return None
        if not url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("only databases of PostgreSQL can be shared: postgresql://USER@HOST/DATABASE")
        return url

    @property
    def postgresql(self) -> str | None:
        """The URL in full: it may hold a password."""
        return None if self.database_url is None else self.database_url.get_secret_value()

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
        with path.open("rb") as file:
            read = tomllib.loads(file.read().decode("utf-8"))
            if any(name in read for name in _DECIDES_WHO):
                must_be_trusted(path, os.fstat(file.fileno()))
        values |= read
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
