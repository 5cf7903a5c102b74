"""``python -m perfdoctor``: the command line, where the script is not on PATH."""

import sys

from perfdoctor.server.cli import main

sys.exit(main())
