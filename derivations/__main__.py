"""The command line.

python -m derivations check book [--json] [--seed 0] [--processes 2] [--numeric]
python -m derivations explain book/04-elbo.md eq-evidence
python -m derivations dialect
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from pathlib import Path

from .chapters import Row, check_book, check_file
from .dialect import page
from .report import shortened
from .verdict import Verdict


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="derivations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check", help="every display equation of a file or a folder"
    )
    check.add_argument("path", type=Path)
    check.add_argument("--json", action="store_true", help="for machines")
    check.add_argument("--processes", type=int, default=2)
    check.add_argument("--numeric", action="store_true", help="without SymPy, faster")
    explain = commands.add_parser("explain", help="one chain, with worlds and values")
    explain.add_argument("path", type=Path)
    explain.add_argument("label")
    for command in (check, explain):
        command.add_argument("--seed", type=int, default=0)
    commands.add_parser("dialect", help="the page of all that is read, in Markdown")
    options = parser.parse_args(arguments)
    if options.command == "dialect":
        print(page(), end="")
        return 0
    if not options.path.exists():
        return fail(f"there is no {options.path}")
    if options.command == "explain":
        return show_chain(options.path, options.label, options.seed)
    rows = check_book(options.path, options.seed, not options.numeric, options.processes)
    if not rows:
        return fail(f"no display equation in {options.path}")
    if options.json:
        print(json.dumps([row.as_dict() for row in rows], indent=1, ensure_ascii=False))
    else:
        show_rows(rows)
    return 0 if all(row.ok for row in rows) else 1


def fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 2


def show_rows(rows: list[Row]) -> None:
    for row in rows:
        mark, text = "ok  " if row.ok else "FAIL", shortened(row.text, 50)
        place = f"{row.file}:{row.line} {row.label}"
        print(f"{mark} {place} {row.relation} {row.verdict}: {text}")
        for line in row.detail.splitlines():
            print("       " + line)
    broken = sum(not row.ok for row in rows)
    exempt = sum(row.verdict is Verdict.EXEMPT for row in rows)
    print(f"{len(rows)} relations, {exempt} exempt, {broken} broken")


def show_chain(path: Path, label: str, seed: int) -> int:
    for display, report in check_file(path, seed):
        if display.label != label:
            continue
        print(f"{path}:{display.line} {label}, {report.seconds:.2f} s\n{report.error}")
        for step in report.steps:
            numeric = f"{step.how or 'equal'}; {step.draws} draws, worst {step.worst:.1e}"
            facts = {
                "verdict": step.verdict, "symbolic": step.symbolic or "not settled",
                "numeric": numeric, "worlds": "; ".join(step.worlds) or "none",
                "values": step.values, "detail": step.detail.replace("\n", "\n  "),
            }  # fmt: skip
            print(f"line {display.line + step.line - 1}: {step.relation} {step.text}")
            for name, fact in facts.items():
                if fact:
                    print(f"  {name:<9} {fact}")
        return 0 if report.ok else 1
    return fail(f"{path} has no equation {label}")


def run() -> int:
    """Status 1 means that an equation breaks, and nothing else: what fails here gives 2.

    Where the output knows no such letter as in `φ`, a question mark stands for it.
    """
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        return main()
    except Exception:
        traceback.print_exc()
        return 2


if __name__ == "__main__":
    sys.exit(run())
