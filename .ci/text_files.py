"""Refuse text files with whitespace at the end of a line, without a line end at their end or with empty lines there."""

import sys
from pathlib import Path


def faults(content: bytes) -> list[str]:
    """Return what is wrong with a file's bytes."""
    found = [
        f"{number}: whitespace at the end of the line"
        for number, line in enumerate(content.split(b"\n"), start=1)
        if line != line.rstrip(b" \t\r")
    ]
    if content and not content.endswith(b"\n"):
        found.append("no line end at the end of the file")
    if content.endswith(b"\n\n") or content == b"\n":
        found.append("empty lines at the end of the file")
    return found


def main() -> int:
    """Check the files that are named, and mend none."""
    said = [f"{name}: {one}" for name in sys.argv[1:] for one in faults(Path(name).read_bytes())]
    sys.stdout.write("".join(f"{line}\n" for line in said))
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
