"""Hand out assignments, collect and grade them: a thin layer over nbgrader.

    python -m classroom release | collect | grade | status | feedback | export  hw1

course (where things lie), author (Markdown to the student's notebook), platforms and roster
(whose an upload is), restore and collect (uploads to notebooks that can be graded), sandbox
with inside and probe (run one, let values out), checks with judge and stages (values to
marks), grade (the class), records (what is kept about each student), gradebook and guard
(nbgrader's), late and rubric (rules applied when marks are read), results with feedback,
report, similar and export (what leaves again), desk (status, another file, undo), files
(written whole), check (for students), demo (a made-up class).

What a student typed runs in the sandbox alone. What is judged are plain JSON values, in a
process that never ran a line of theirs.
"""
