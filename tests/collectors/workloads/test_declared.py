"""What exactly is run, out of what was declared."""

import os
import pwd
from pathlib import Path

import pytest

from perfdoctor.collectors.workloads.declared import Declared, prepared
from perfdoctor.schemas.problem import ProblemError
from perfdoctor.schemas.workload import Variant, Workload
from tests.live.need import need

SHOP = Workload(
    argv=("shop", "--slow"),
    environment={"MODE": "plain", "PORT": "80"},
    inherit=("DATABASE",),
    variants={"fast": Variant(argv=("shop",), environment={"MODE": "fast"}), "here": Variant(cwd="branch")},
)
OURS = {"PATH": "/bin", "HOME": "/root", "DATABASE": "db", "API_TOKEN": "secret", "PERFDOCTOR_STATE": "/x"}


def made(variant: str | None, folder: Path, workload: Workload = SHOP, owner: int | None = None) -> Declared:
    return prepared("shop", workload, variant, folder=folder, owner=owner, where="here", environment=OURS)


def test_a_variant_is_the_workload_with_what_differs(tmp_path: Path) -> None:
    (tmp_path / "branch").mkdir()
    plain, fast, here = (made(variant, tmp_path) for variant in (None, "fast", "here"))
    assert (plain.title, fast.title) == ("shop", "shop/fast")
    assert plain.workload.argv == ("shop", "--slow") and fast.workload.argv == ("shop",)
    assert fast.environment["MODE"] == "fast" and fast.environment["PORT"] == "80"
    assert here.folder == str(tmp_path / "branch") and here.environment == plain.environment


def test_of_our_environment_only_what_a_program_needs(tmp_path: Path) -> None:
    given = made(None, tmp_path).environment
    assert given == {"PATH": "/bin", "HOME": "/root", "DATABASE": "db", "MODE": "plain", "PORT": "80"}


def test_an_unknown_variant_is_answered_with_those_that_are_declared(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="no variant 'slow'") as caught:
        made("slow", tmp_path)
    assert "fast, here" in caught.value.problem.why


def test_a_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="cannot be run in"):
        made("here", tmp_path)


def test_a_user_must_be_known(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="nobody-here"):
        made(None, tmp_path, SHOP.model_copy(update={"user": "nobody-here"}))


def test_a_projects_workload_runs_as_the_projects_owner(tmp_path: Path) -> None:
    need(os.geteuid() == 0, "only root may run programs as somebody else")
    nobody = pwd.getpwnam("nobody")
    one = made(None, tmp_path, owner=nobody.pw_uid)
    assert one.user is not None and one.user[:2] == (nobody.pw_uid, nobody.pw_gid)
    assert one.environment["USER"] == "nobody" and one.environment["HOME"] == nobody.pw_dir
    assert made(None, tmp_path, owner=0).user is None
