# Every target is a line or two of plain Python: the README has them for machines without make.
PYTHON ?= python3
PY := .venv/bin/python

# Two notebooks run side by side on two cores; more threads each would only contend.
export OMP_NUM_THREADS ?= 1

.PHONY: help book pdf epub figures slides test check lab author notebooks bench translation-status serve
.PHONY: new release collect status grade choose undo rubric feedback report export formgrader demo-class lock clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

# The stamp is newer than what says what to install, or the install runs again.
.venv/installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[book,test,classroom]"
	touch $@

book: .venv/installed  ## make .venv, install, execute and build; print the path of index.html
	$(PY) tools/book.py

epub: .venv/installed  ## [LANGUAGE=ko] after make book: the book for e-readers, _build/vae-line-by-line.epub
	$(PY) tools/epub.py $(if $(LANGUAGE),--language "$(LANGUAGE)")

figures: .venv/installed  ## after make book: each figure as SVG and PNG, in _build/figures
	$(PY) tools/figures.py

pdf: .venv/installed  ## [LANGUAGE=ko] print the built book into one PDF, after make book; needs Chromium
	$(PY) tools/pdf.py $(if $(LANGUAGE),--language "$(LANGUAGE)")

slides: .venv/installed  ## [LANGUAGE=ko] after make book: slides for each chapter, and their handouts
	$(PY) tools/slides.py $(if $(LANGUAGE),--language "$(LANGUAGE)")

test: .venv/installed  ## everything: lint, types, tests, notebooks, the book and its pages
	$(PY) tools/test.py

check: .venv/installed  ## lint, types and the quick tests of what you changed; about a minute
	$(PY) tools/test.py --check

lab: .venv/installed  ## open JupyterLab on copies of the notebooks, yours to change
	$(PY) tools/lab.py

author: .venv/installed  ## open JupyterLab on the notebooks themselves, paired with book/*.md
	$(PY) tools/lab.py --author

notebooks: .venv/installed  ## regenerate the notebooks from the Markdown, execute them, list the claims
	$(PY) tools/attempts.py write
	$(PY) tools/notebooks.py run
	$(PY) tools/claims.py write
	$(PY) tools/translations.py update experiments

bench: .venv/installed  ## measure what you wait for, beside the alternatives; most of an hour
	$(PY) -m benchmarks

translation-status: .venv/installed  ## what the Korean edition lacks, with file and line
	$(PY) tools/translations.py status

serve: .venv/installed  ## serve the built book at http://127.0.0.1:8000
	@test -f _build/html/index.html || { echo "no book yet: run 'make book' first"; exit 1; }
	$(PY) -m http.server --bind 127.0.0.1 --directory _build/html 8000

new: .venv/installed  ## ASSIGNMENT=hw6: write a small assignment that works, to edit
	$(PY) -m classroom new "$(ASSIGNMENT)"

release: .venv/installed  ## ASSIGNMENT=hw1 [LANGUAGE=ko]: make the student's version, and test it
	$(PY) -m classroom release "$(ASSIGNMENT)" $(if $(LANGUAGE),--language "$(LANGUAGE)")

collect: .venv/installed  ## ASSIGNMENT=hw1 FROM=path [ROSTER=file]: take in a folder or zip of uploads
	$(PY) -m classroom collect "$(ASSIGNMENT)" "$(FROM)" $(if $(ROSTER),--roster "$(ROSTER)")

status: .venv/installed  ## ASSIGNMENT=hw1: who handed in, when, what is pending, what looks odd
	$(PY) -m classroom status "$(ASSIGNMENT)"

grade: .venv/installed  ## ASSIGNMENT=hw1 [JOBS=2 STUDENT=who AGAIN=1]: run and judge; repeat it after any stop
	$(PY) -m classroom grade "$(ASSIGNMENT)" --jobs "$(or $(JOBS),2)" $(if $(STUDENT),--student "$(STUDENT)") $(if $(AGAIN),--again)

choose: .venv/installed  ## ASSIGNMENT=hw1 STUDENT=who [FILE=2|path|rule|none]: which file counts
	$(PY) -m classroom choose "$(ASSIGNMENT)" "$(STUDENT)" $(if $(FILE),"$(FILE)")

undo: .venv/installed  ## ASSIGNMENT=hw1: take back the last collect, choice or export
	$(PY) -m classroom undo "$(ASSIGNMENT)"

rubric: .venv/installed  ## ASSIGNMENT=hw1: the table of the rubric's items, to be ticked
	$(PY) -m classroom rubric "$(ASSIGNMENT)"

feedback: .venv/installed  ## ASSIGNMENT=hw1 [ZIP=moodle|canvas|plain]: a page for each student, packed
	$(PY) -m classroom feedback "$(ASSIGNMENT)" $(if $(ZIP),--zip "$(ZIP)")

report: .venv/installed  ## [ASSIGNMENT=hw1]: a page on the class, or on all assignments
	$(PY) -m classroom report $(if $(ASSIGNMENT),"$(ASSIGNMENT)")

export: .venv/installed  ## ASSIGNMENT=hw1 OUT=grades.csv [LMS=canvas|moodle|blackboard|brightspace ROSTER=file]
	$(PY) -m classroom export "$(ASSIGNMENT)" --out "$(or $(OUT),grades.csv)" $(if $(LMS),--lms "$(LMS)") $(if $(ROSTER),--roster "$(ROSTER)")

formgrader: .venv/installed  ## open nbgrader's Formgrader, to grade by hand
	$(PY) -m classroom formgrader

demo-class: .venv/installed  ## [STUDENTS=12]: a made-up class, from release to export and back; are its marks right?
	$(PY) -m classroom demo --students "$(or $(STUDENTS),12)"

# torch stays at its pin, until that is changed by hand: its newest may be gigabytes of CUDA.
lock:  ## install what pyproject.toml asks for, and pin it in requirements.lock
	test -d .venv || $(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -e ".[book,test,classroom]" "$$(grep '^torch==' requirements.lock)"
	$(PY) tools/lock.py
	touch .venv/installed

clean:  ## remove everything that was built
	rm -rf _build .venv .pytest_cache .hypothesis .ruff_cache
