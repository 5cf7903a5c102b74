"""What a live test needs of the machine: without it the test is skipped, or fails where skipping is forbidden."""

import os

import pytest


def need(condition: object, why: str) -> None:
    """Skip the test unless ``condition``; with PERFDOCTOR_LIVE=1 a missing condition is a failure."""
    if condition:
        return
    if os.environ.get("PERFDOCTOR_LIVE") == "1":
        pytest.fail(f"PERFDOCTOR_LIVE=1 forbids skipping: {why}")
    pytest.skip(why)
