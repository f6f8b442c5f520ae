"""Compare a wheel with the rooms: every file of a room is in it, and nothing that no room has."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("data", "programs", "optimizers", "app")


def main() -> int:
    """Check the wheel that is named."""
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        packed = {name for name in wheel.namelist() if not name.split("/")[0].endswith(".dist-info")}
    # What git knows, not what lies around: a forgotten file must be missed here and not only by whoever installs it.
    told = subprocess.run(["git", "ls-files", "--", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=True)
    wanted = {f"accord/{name}" for name in told.stdout.splitlines()}
    said = [f"not in the wheel: {name}" for name in sorted(wanted - packed)]
    said += [f"in the wheel and in no room: {name}" for name in sorted(packed - wanted)]
    beside = sum(not name.endswith(".py") for name in packed)
    said.append(f"{Path(sys.argv[1]).name}: {len(packed)} files, {beside} of them no Python files")
    sys.stdout.write("".join(f"{line}\n" for line in said))
    return 1 if len(said) > 1 else 0


if __name__ == "__main__":
    sys.exit(main())
