"""Chromium, in which the pages are looked at, and which prints the PDF and the handouts."""

import shutil

#: Its path, or None where it is not installed.
PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
