"""What a notebook needs to know of the exercises, out of the chapters.

python tools/attempts.py write    exercises/declared.json from book/*.md
python tools/attempts.py check    exit 1 if the two differ, or a declaration is bad
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from exercises.declared import FILE, BadDeclaration, written  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["write", "check"])
    action = parser.parse_args().action
    try:
        text = written(ROOT / "book")
    except BadDeclaration as error:
        sys.exit(str(error))
    if action == "write":
        unfinished = FILE.with_suffix(".unfinished")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(FILE)
    elif not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
        sys.exit("exercises/declared.json is not of these chapters: run 'make notebooks'")


if __name__ == "__main__":
    main()
