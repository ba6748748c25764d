"""Write the validation page: `python -m tests.validation [--out FILE]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.validation.page import page

HERE = Path(__file__).parent.parent.parent / "VALIDATION.md"


def main() -> None:
    """Make the page and write it."""
    parser = argparse.ArgumentParser(prog="python -m tests.validation", description="write the validation page")
    parser.add_argument("--out", type=Path, default=HERE, help="the file (default: VALIDATION.md of the repository)")
    out = parser.parse_args().out
    if not out.parent.is_dir():
        parser.error(f"no folder {out.parent}")
    out.write_text(page(), encoding="utf-8")
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
