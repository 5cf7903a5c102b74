"""Which files may be the target's own source, and are no library's? By where they lie."""

import re

_LIBRARY = re.compile(
    r"/lib(?:64)?/(?:python|jvm|go|node)|/(?:site|dist)-packages/|/node_modules/|/usr/(?:local/go|include)/|/rustc/"
)


def may_be_own(file: str) -> bool:
    return file.startswith("/") and not _LIBRARY.search(file)
