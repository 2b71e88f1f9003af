"""The decks, and the tool that builds them."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import slides as tool  # noqa: E402

DECKS = sorted(tool.SOURCE.glob("[0-9][0-9]-*.md"))
