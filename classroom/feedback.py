"""A page for each student: points for each task, what came out, where to look, and how to
repeat it; and all pages packed as a platform takes them back.

Not nbgrader's page: that one shows the tests' source. What a student typed is escaped.
"""

import json
import re
import zipfile
from datetime import datetime
from pathlib import Path, PurePosixPath

from jinja2 import Environment, FileSystemLoader

from classroom.course import Assignment, ClassroomError, Course, in_its_language
from classroom.files import replacing, write_atomically
from classroom.platforms import PLATFORMS
from classroom.results import Result, results
from classroom.words import say

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
)
TEMPLATES.globals["say"] = say
TEMPLATES.filters["points"] = lambda value: f"{value:g}"
TEMPLATES.filters["case"] = lambda case: json.dumps(case)


@in_its_language
def write_feedback(
    course: Course, assignment: Assignment, found: list[Result] | None = None
) -> list[Path]:
    """Write feedback/<student>/hwN/hwN.html, where nbgrader looks for it; `found` are the
    `results`, where they were read before."""
    template = TEMPLATES.get_template("feedback.html")
    paths = []

    def when(time: float) -> str:
        return f"{datetime.fromtimestamp(time, assignment.zone):%Y-%m-%d %H:%M %Z}"

    for result in found or results(course, assignment):
        path = _page(course, assignment, result)
        page = template.render(
            result=result,
            assignment=assignment.name,
            language=assignment.language,
            when=when,
        )
        write_atomically(path, page)
        paths.append(path)
    return paths


def _page(course: Course, assignment: Assignment, result: Result) -> Path:
    folder = course.root / "feedback" / result.student / assignment.name
    return folder / f"{assignment.name}.html"


def pack_feedback(
    course: Course, assignment: Assignment, how: str, found: list[Result] | None = None
) -> tuple[Path, list[Result], list[Result]]:
    """The pages in one zip, named as the platform of that name wants them back, or `plain`;
    its path, whose pages are in it, and whose are not.

    Raises:
        ClassroomError: for another platform, or where nobody's upload came from it.
    """
    known = [name for name, platform in PLATFORMS.items() if platform.upload]
    if how not in ("plain", *known):
        raise ClassroomError(f"ZIP is one of plain, {', '.join(known)}; got {how!r}")
    names: dict[str, Path] = {}
    packed, left_out = list[Result](), list[Result]()
    for result in found or results(course, assignment):
        page = _page(course, assignment, result)
        if page.exists() and (name := _name_back(result, assignment.name, how)):
            names[name] = page
            packed.append(result)
        else:
            left_out.append(result)
    if not names:
        raise ClassroomError(f"no upload of {assignment.name} has a name of {how}")
    path = course.root / "feedback" / f"{assignment.name}-{how}.zip"
    with replacing(path) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, page in sorted(names.items()):
            archive.write(page, name)
    return path, packed, left_out


def _name_back(result: Result, assignment: str, how: str) -> str:
    """What the platform called the upload, with the page in it or in its place."""
    if how == "plain":
        return f"{result.student}_{assignment}.html"
    pattern = PLATFORMS[how].upload
    path = PurePosixPath(result.collected.path if result.collected else "")
    for n, part in enumerate(path.parts):
        if pattern and pattern.fullmatch(part):
            if result.by and how == "moodle":
                part = f"{result.name}_{result.lms_id}_assignsubmission_file_"
                return f"{part}/{assignment}.html"
            if result.by:
                return ""
            if n < len(path.parts) - 1:
                return f"{part}/{assignment}.html"
            return re.sub(r"(\.\w+)?$", ".html", part, count=1)
    return ""
