# expect: pattern=eager-loading bench
"""A command line tool that is started for each file, and imports at its top what only one of its commands needs."""

import os
import subprocess
import sys
from pathlib import Path

Path("tool.py").write_text(
    "import asyncio\nimport email.mime.multipart\nimport http.server\nimport sqlite3\nimport unittest.mock\n"
    "import xml.dom.minidom\nimport xmlrpc.client\nimport concurrent.futures.process\nimport multiprocessing.pool\n"
    "import sys\n\n\ndef count(path):\n    with open(path) as file:\n        return len(file.read())\n\n\n"
    "if __name__ == '__main__':\n    print(count(sys.argv[1]))\n"
)
print("ready", os.getpid(), flush=True)
while True:
    subprocess.run([sys.executable, "-S", "-E", "tool.py", "tool.py"], check=True, capture_output=True)
