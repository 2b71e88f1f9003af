# Every target is a line or two of plain Python: the README has them for machines without make.
PYTHON ?= python3
PY := .venv/bin/python

# Two notebooks run side by side on two cores; more threads each would only contend.
export OMP_NUM_THREADS ?= 1

.PHONY: help book test lab notebooks bench serve lint lock clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

# The stamp is newer than what says what to install, or the install runs again.
.venv/installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[book,test]"
	touch $@

book: .venv/installed  ## make .venv, install, execute and build; print the path of index.html
	$(PY) tools/book.py

test: .venv/installed  ## everything: unit tests, notebooks, pairs in sync, the book and its pages
	$(PY) tools/test.py

lab: .venv/installed  ## open JupyterLab on the notebooks
	$(PY) -m jupyter lab --LabApp.default_url=/lab/tree/notebooks

notebooks: .venv/installed  ## regenerate the notebooks from the Markdown and execute them
	$(PY) tools/notebooks.py run

bench: .venv/installed  ## measure what you wait for, beside the alternatives; about an hour
	$(PY) -m benchmarks

serve: .venv/installed  ## serve the built book at http://127.0.0.1:8000
	@test -f _build/html/index.html || { echo "no book yet: run 'make book' first"; exit 1; }
	$(PY) -m http.server --bind 127.0.0.1 --directory _build/html 8000

lint: .venv/installed  ## check the style of the Python files
	$(PY) -m ruff check
	$(PY) -m ruff format --check

lock: .venv/installed  ## write requirements.lock from what is installed now
	$(PY) tools/lock.py

clean:  ## remove everything that was built
	rm -rf _build .venv *.egg-info .pytest_cache .hypothesis .ruff_cache
