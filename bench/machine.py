"""What a result was measured on, as far as somebody else can use that."""

import os
import platform


def machine() -> str:
    """(without what a host calls its own build of the kernel)"""
    kernel = platform.release().partition("-")[0]
    return f"Linux {kernel}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
