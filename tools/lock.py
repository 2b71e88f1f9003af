"""Write requirements.lock: the version of every package installed here, as constraints.

A constraint pins a package only where something asks for it, so one file serves every
platform. The "+cpu" of torch is left off: the lock names the release, the index the build.
"""

import os
import re
from importlib.metadata import distributions
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
NOT_LOCKED = {"pip", "setuptools", "vae-line-by-line"}


def main() -> None:
    pins = {}
    for package in distributions():
        name = re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()
        if name not in NOT_LOCKED:
            pins[name] = package.version.split("+")[0]
    lines = [
        "# Written by `make lock`. Used as constraints: pip install -c requirements.lock"
    ]
    lines += [f"{name}=={version}" for name, version in sorted(pins.items())]
    unfinished = LOCK.with_suffix(".unfinished")
    unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(unfinished, LOCK)
    print(f"{len(pins)} packages in {LOCK.name}")


if __name__ == "__main__":
    main()
