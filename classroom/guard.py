"""nbgrader's own programs, in a course of ours: they may show and take marks, no more.

Its Autograde runs what students typed with the teacher's rights, its Generate deletes half
of a release, its Feedback writes over our pages. `nbgrader_config.py` in the folder of a
course calls `guard`, for the commands and for the buttons of Formgrader.
"""

import sys
from typing import Any

COMMANDS = {
    "autograde": "make grade ASSIGNMENT={}",
    "generate_assignment": "make release ASSIGNMENT={}",
    "assign": "make release ASSIGNMENT={}",
    "generate_feedback": "make feedback ASSIGNMENT={}",
    "feedback": "make feedback ASSIGNMENT={}",
    "release_feedback": "make feedback ASSIGNMENT={}",
    "collect": "make collect ASSIGNMENT={} FROM=path",
    "zip_collect": "make collect ASSIGNMENT={} FROM=path",
}


def instead(command: str, assignment: str) -> str:
    """What to type in its place."""
    return (
        f"nbgrader's {command} does not work on this course: it would run what students "
        f"typed without the sandbox, or write over our files. Type instead, in a terminal: "
        f"{COMMANDS[command].format(assignment)}"
    )


def guard() -> None:
    """Take from nbgrader, in this process, what runs or overwrites; not the marking."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    if "nbgrader" in sys.argv[0] and words and words[0] in COMMANDS:
        raise SystemExit(instead(words[0], (words[1:] or ["hw1"])[0]))
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.converters.base import BaseConverter, NbGraderException

    def refused(command: str) -> Any:
        def refuse(
            api: NbGraderAPI, assignment_id: str = "hw1", *_: Any, **__: Any
        ) -> dict:
            said = instead(command, assignment_id)
            return {"success": False, "error": said, "log": said}

        return refuse

    def never(converter: BaseConverter) -> None:
        raise NbGraderException(instead("autograde", converter.coursedir.assignment_id))

    for command in COMMANDS.keys() & set(dir(NbGraderAPI)):
        setattr(NbGraderAPI, command, refused(command))
    BaseConverter.start = never
