"""The state folder: ours alone."""

from pathlib import Path

from perfdoctor.schemas.problem import ProblemError


def private_folder(path: Path) -> Path:
    """``path``, created with mode 0700 when it is not there. ProblemError when it cannot be."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ProblemError(
            f"The state folder {path} cannot be created.",
            f"{error.strerror or error}.",
            "Set PERFDOCTOR_STATE to a folder that this user may write.",
        ) from error
    return path
