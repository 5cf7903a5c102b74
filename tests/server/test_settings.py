"""Settings come from the file and the environment, and nonsense is refused with its name."""

from pathlib import Path

import pytest

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.settings import load


def test_without_anything_the_state_is_in_the_xdg_folder(tmp_path: Path) -> None:
    given = {"XDG_STATE_HOME": str(tmp_path / "s"), "XDG_CONFIG_HOME": str(tmp_path / "c")}
    settings = load(given)
    assert settings.state == tmp_path / "s" / "perfdoctor"
    assert (settings.max_seconds, settings.max_traces, settings.user_roots) == (45, 4, ())


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c" / "perfdoctor" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'state = "{tmp_path}/file"\nmax_traces = 2\nuser_roots = ["/srv/app"]\n')
    given = {"XDG_CONFIG_HOME": str(tmp_path / "c"), "XDG_STATE_HOME": "/nowhere"}
    assert load(given).state == tmp_path / "file"
    settings = load({**given, "PERFDOCTOR_STATE": "/other", "PERFDOCTOR_USER_ROOTS": "/a:/b"})
    assert settings.state == Path("/other")
    assert settings.max_traces == 2
    assert settings.user_roots == ("/a", "/b")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"PERFDOCTOR_MAX_SECONDS": "3600"}, "max_seconds"),
        ({"PERFDOCTOR_MAX_SECONDS": "nan"}, "max_seconds"),
        ({"PERFDOCTOR_MAX_TRACES": "many"}, "max_traces"),
    ],
)
def test_nonsense_in_the_environment(tmp_path: Path, given: dict[str, str], said: str) -> None:
    with pytest.raises(ProblemError, match=said) as caught:
        load({"XDG_CONFIG_HOME": str(tmp_path), **given})
    assert next(iter(given)) in caught.value.problem.next_step


@pytest.mark.parametrize("text", ["max_traces = ", "unknown = 1", "max_traces = 0", "\xff"])
def test_nonsense_in_the_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ProblemError):
        load({"PERFDOCTOR_CONFIG": str(file)})


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="no configuration file"):
        load({"PERFDOCTOR_CONFIG": str(tmp_path / "none.toml")})
