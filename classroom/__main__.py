"""The commands a teacher types. `python -m classroom COMMAND --help` says more."""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from classroom.course import ClassroomError, Course
from classroom.files import write_atomically
from classroom.records import Collected, read_collected
from classroom.roster import Roster, called, given_table

if TYPE_CHECKING:
    from classroom.results import Result

FINE = ("graded", "up to date")


def parser() -> argparse.ArgumentParser:
    """The command line: a subcommand for each step."""
    top = argparse.ArgumentParser(prog="python -m classroom", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        sub.add_argument("assignment", help="its name, for instance hw1")
        return sub

    release = command("release", "make the student's version, and test it")
    release.add_argument("--no-sandbox", action="store_true")
    release.add_argument("--language", default="", help="en or ko; else as it was before")
    collect = command("collect", "take in a folder or zip of uploads; nothing is executed")
    collect.add_argument("source", type=some_path, metavar="PATH")
    collect.add_argument("--roster", type=Path, help="a CSV of the class, to be kept")
    grade = command("grade", "run and judge what was collected; repeat it after any stop")
    grade.add_argument("--jobs", type=int, default=2, help="submissions at a time (2)")
    grade.add_argument("--student", action="append", default=[],
                       metavar="WHO[,WHO...]|@FILE",
                       help="only these, by id or by name")  # fmt: skip
    for option, help in (
        ("--again", "also those that are up to date"),
        ("--no-sandbox", "run what students typed without protection"),
    ):
        grade.add_argument(option, action="store_true", help=help)
    command("students", "list who handed in, one a line, to cut a class in chunks")
    command("status", "who handed in, when, what is pending, what looks odd")
    choose = command("choose", "let another file of a student count, or list the files")
    choose.add_argument("who", metavar="WHO")
    which = "its number or path; rule; none"
    choose.add_argument("which", nargs="?", default="", help=which)
    command("undo", "take back the last collect, choice or export")
    command("rubric", "write the table of a rubric's items, to be ticked")
    feedback = command("feedback", "write a page for each student")
    feedback.add_argument("--zip", default="", help="moodle, canvas, plain: pack them, too")
    report = commands.add_parser("report", help="write a page on the class, or on all")
    report.add_argument("assignment", nargs="?", default="")
    export = command("export", "write the marks as CSV")
    export.add_argument("--out", type=Path, default=Path("grades.csv"))
    export.add_argument("--lms", default="", help="canvas, moodle, blackboard, brightspace")
    export.add_argument("--roster", type=Path, help="a CSV from the platform, to fill in")
    command("new", "write a small assignment that works, to begin with")
    commands.add_parser("formgrader", help="open nbgrader's Formgrader, to grade by hand")
    demo = commands.add_parser("demo", help="a made-up class, from release to export")
    demo.add_argument("--jobs", type=int, default=2)
    demo.add_argument("--students", type=int, default=12)
    return top


def some_path(text: str) -> Path:
    """An empty one would be the folder that one happens to be in."""
    if not text.strip():
        raise argparse.ArgumentTypeError("which folder or zip?")
    return Path(text)


def named(students: list[str]) -> list[str]:
    """Ids from the command line: separated by commas, or one a line in @FILE.

    >>> named(["ada,ben", " cy "])
    ['ada', 'ben', 'cy']
    """
    ids: list[str] = []
    for text in students:
        if text.startswith("@"):
            try:
                ids += Path(text[1:]).read_text(encoding="utf-8").split()
            except OSError as error:
                raise ClassroomError(f"{text[1:] or '@'}: {error.strerror}") from error
            except UnicodeDecodeError as error:
                raise ClassroomError(f"{text[1:]} is no text in UTF-8") from error
        else:
            ids += text.split(",")
    return [student.strip() for student in ids if student.strip()]


def tell(everybody: list[Collected], roster: Roster, names: Path) -> None:
    """What `collect` found: what is odd, what does not fit, and at the end what it asks."""
    asked = [c for c in everybody if not c.student]
    for collected in everybody:
        if collected.student:
            notes = [collected.fault] if collected.fault else collected.notes
            for note in [*collected.odd, *notes]:
                print(f"  {collected.who}: {note}")
    print_lines(roster.misfits({c.student: c.name for c in everybody if c.student}))
    faults = sum(bool(collected.fault) for collected in everybody) - len(asked)
    fine = len(everybody) - faults - len(asked)
    print(f"{fine} collected, {faults} could not be read, {len(asked)} are open")
    if asked:
        width = min(50, max(len(c.path) for c in asked))
        print(f"\n  {'file'.ljust(width)}  what is open")
        for collected in asked:
            print(f"  {collected.path[-width:].ljust(width)}  {collected.fault}")
        print(
            f"\nThey are listed in {names}: write there whose file it is, by number  "
            "(- for nobody's), and collect again"
        )


def print_lines(lines: list[str]) -> None:
    """Below what they belong to."""
    for line in lines:
        print(f"  {line}")


def named_in_full(found: "list[Result]") -> str:
    """Numbers with names."""
    return ", ".join(called(r.student, r.name) for r in found)


def in_short(what: str) -> str:
    """What became of a student, for the summary.

    >>> in_short("graded, but mle waits for a person: ..."), in_short("not graded: ...")
    ('graded in part', 'not graded')
    """
    if what.startswith("graded, but"):
        return "graded in part"
    return what if what in FINE else "not graded"


def run(arguments: argparse.Namespace, course: Course) -> int:
    """Do what was typed; return the exit code. Raises ClassroomError."""
    # Each command imports what it needs: `--help` does not wait for torch.
    if arguments.command == "demo":
        from classroom.demo import demo

        def typed(words: list[str], there: Course) -> int:
            return run(parser().parse_args(words), there)

        return demo(course, arguments.jobs, arguments.students, typed)
    if arguments.command == "new":
        from classroom.author import new_assignment

        folder = new_assignment(course, arguments.assignment)
        print(f"edit the two files in {folder}, then: release {arguments.assignment}")
        return 0
    if arguments.command == "report" and not arguments.assignment:
        from classroom.report import write_totals

        print(write_totals(course))
        return 0
    if arguments.command == "formgrader":
        config = course.root / "nbgrader_config.py"
        if not config.exists():
            raise ClassroomError("nothing was released yet: run 'release' first")
        write_atomically(config, course.formgrader_config())  # as it is now
        os.chdir(course.root)
        lab = [sys.executable, "-m", "jupyterlab", "--ServerApp.default_url=/formgrader"]
        os.execv(sys.executable, lab)
    language = getattr(arguments, "language", "")
    assignment = course.assignment(arguments.assignment, language)
    match arguments.command:
        case "release":
            from classroom.author import make_release
            from classroom.grade import self_test
            from classroom.sandbox import require_sandbox

            if not arguments.no_sandbox:
                require_sandbox()
            release = make_release(course, assignment)
            print(self_test(course, assignment, not arguments.no_sandbox))
            print(f"for the students: {release.with_suffix('.zip')}")
        case "collect":
            from classroom.collect import collect
            from classroom.desk import remember

            if arguments.roster and not Roster.read(given_table(arguments.roster)):
                raise ClassroomError(f"the roster {arguments.roster} names no student")
            remember(course, assignment.name, f"collect {arguments.source}")
            if arguments.roster:
                text = arguments.roster.read_bytes()
                write_atomically(course.root / "roster.csv", text)
            everybody = collect(course, assignment, arguments.source)
            tell(everybody, Roster.of(course.root), course.root / "names.csv")
        case "grade":
            from classroom.desk import one_student
            from classroom.grade import grade

            students = named(arguments.student)
            if arguments.student and not students:
                raise ClassroomError("--student names nobody")
            known = course.students(assignment.name)
            students = [
                s if s in known else one_student(course, assignment.name, s).student
                for s in students
            ]
            sandboxed = not arguments.no_sandbox
            chosen = students, arguments.again
            outcome = grade(course, assignment, arguments.jobs, *chosen, sandboxed)
            odd = {student: what for student, what in outcome.items() if what not in FINE}
            for student, what in odd.items():
                collected = read_collected(course, assignment.name, student)
                who = collected.who if collected else student
                print(f"  {who}: {what}", file=sys.stderr)
            counts = Counter(map(in_short, outcome.values()))
            said = ", ".join(f"{n} {what}" for what, n in counts.items())
            print(said or "nobody to grade")
            return 1 if odd else 0
        case "students":
            print("\n".join(course.students(assignment.name)))
        case "status":
            from classroom.desk import status_lines

            print("\n".join(status_lines(course, assignment)))
        case "choose":
            from classroom.desk import choose

            print(choose(course, assignment, arguments.who, arguments.which))
            if arguments.which:
                print("run 'grade' to have it graded")
        case "undo":
            from classroom.desk import undo

            print(f"taken back: {undo(course, assignment.name)}")
        case "rubric":
            from classroom.rubric import write_rubric

            print(f"put an x where an item applies: {write_rubric(course, assignment)}")
        case "feedback":
            from classroom.desk import misfits
            from classroom.feedback import pack_feedback, write_feedback
            from classroom.results import results

            found = sent = results(course, assignment)
            pages = write_feedback(course, assignment, found)
            print(f"{len(pages)} pages in {course.root / 'feedback'}")
            if arguments.zip:
                path, sent, left_out = pack_feedback(
                    course, assignment, arguments.zip, found
                )
                print(f"{len(sent)} of them in {path}")
                if left_out:
                    why = f"no file that counts came by {arguments.zip}"
                    print(f"  not in it ({why}): {named_in_full(left_out)}")
            if open_ones := [r for r in sent if r.status in ("pending", "not graded")]:
                print(f"  {len(open_ones)} of the pages are not finished")
            print_lines(misfits(course, found))
        case "report":
            from classroom.report import write_report

            print(write_report(course, assignment))
        case "export":
            from classroom.desk import misfits, remember
            from classroom.export import write_export

            remember(course, assignment.name, f"export {arguments.out}", arguments.out)
            found, absent = write_export(
                course, assignment, arguments.out, arguments.lms, arguments.roster
            )
            counts = Counter(result.status for result in found)
            marks = counts.pop("graded", 0)
            rest = "".join(f", {n} {what} (left empty)" for what, n in counts.items())
            print(f"{arguments.out}: {marks} marks written{rest}")
            if absent:
                print(f"  not in {arguments.roster}, so left out: {named_in_full(absent)}")
            print_lines(misfits(course, found + absent))
    return 0


def main() -> int:
    """Run the command line; errors become one line on standard error and exit code 1."""
    try:
        return run(parser().parse_args(), Course.here())
    except ClassroomError as error:
        print(error, file=sys.stderr)
    except OSError as error:  # a full disk, a folder that cannot be written
        where = f"{error.filename2 or error.filename}: " if error.filename else ""
        print(f"{where}{error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
    return 1


if __name__ == "__main__":
    # A letter that the output does not know is a question mark there.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main())
