"""`python -m costmodel` is the command `costmodel`."""

from __future__ import annotations

import sys

from costmodel.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
