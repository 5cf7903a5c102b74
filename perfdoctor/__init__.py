"""perfdoctor: find, explain, fix and prove fixed a performance problem in a live process."""

from pathlib import Path

__version__ = "0.1.0"

# The rooms (schemas, collectors, diagnosis, server) stand beside this folder in a checkout and
# below it in a wheel. Make both look the same, so that a bare checkout runs without installing.
_root = Path(__file__).resolve().parent.parent
if (_root / "pyproject.toml").exists():
    __path__.append(str(_root))
