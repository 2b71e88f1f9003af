"""A page for each student: points for each task, what came out, where to look.

Not nbgrader's page: that one shows the tests' source. What a student typed is escaped.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from classroom.course import Assignment, Course
from classroom.files import write_atomically
from classroom.results import results

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
)
TEMPLATES.filters["points"] = lambda value: f"{value:g}"


def write_feedback(course: Course, assignment: Assignment) -> list[Path]:
    """Write feedback/<student>/hwN/hwN.html, where nbgrader looks for it."""
    template = TEMPLATES.get_template("feedback.html")
    paths = []
    for result in results(course, assignment):
        folder = course.root / "feedback" / result.student / assignment.name
        path = folder / f"{assignment.name}.html"
        write_atomically(path, template.render(result=result, assignment=assignment.name))
        paths.append(path)
    return paths
