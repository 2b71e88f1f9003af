"""Hand out assignments, collect and grade them: a thin layer over nbgrader.

    python -m classroom release | collect | grade | feedback | export  hw1

course (where things lie), author (Markdown to the student's notebook), restore and collect
(uploads to notebooks that can be graded), sandbox with inside and probe (run one, let
values out), checks with judge (values to marks), grade (the class), records (what is kept
about each student), gradebook (nbgrader's), results with feedback and export (what leaves
again), files (written whole), demo (a made-up class).

What a student typed runs in the sandbox alone. What is judged are plain JSON values, in a
process that never ran a line of theirs.
"""
