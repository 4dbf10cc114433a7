# Everything happens in .venv. PYTHON only makes that environment: to change it later, `make clean` first.
PYTHON ?= python3
STUDY ?= smoke
ENV ?= colab
BIN = .venv/bin
INSTALLED = .venv/installed

WORKERS ?= 2

.PHONY: help book notebooks handouts instructor data pdf slides test test-slow test-environments study lock clean

help:
	@echo "make book               install, run every chapter, write _build/html/index.html"
	@echo "make notebooks          the same; notebooks that stand alone are in _build/html/notebooks"
	@echo "make pdf                the book as one PDF, _build/pdf/dlnb.pdf (printed by Chromium)"
	@echo "make slides             slides for two sessions, _build/slides/session1.html and session2.html"
	@echo "make handouts           the same; those without solutions, for students, are in _build/handouts"
	@echo "make instructor         the same; those with solutions and model answers are in _build/instructor"
	@echo "make data               one CSV with a row a model, and its dictionary, in _build/data"
	@echo "make test               lint and test; the site's own tests need a built book"
	@echo "make test-slow          the tests that take long: recipes of CONTRIBUTING, a campaign of kills"
	@echo "make test-environments ENV=colab  every notebook that stands alone, in Colab's versions (or floor, newest, here)"
	@echo "make study STUDY=scores train and score the models of a study (default: smoke)"
	@echo "make lock               renew requirements.lock from pyproject.toml"
	@echo "make clean              remove .venv and _build, keep runs/"
	@echo "A new .venv is made with PYTHON (3.11, 3.12 or 3.13), for example: make book PYTHON=python3.12"

# A page that failed is not read again by the next build, which would then pass: so a failed build forgets its pages,
# though not the cells it has run. Old HTML goes first, so that nothing stale is left beside the new.
book: $(INSTALLED)
	rm -rf _build/html _build/handouts _build/instructor
	DLNB_BOOK=1 TF_CPP_MIN_LOG_LEVEL=3 $(BIN)/jupyter-book build . -W -n --keep-going \
		|| { rm -rf _build/.doctrees; exit 1; }
	@for page in index $$(awk '/(root|file):/ { print $$NF }' _toc.yml); do \
		test -s _build/html/$$page.html || { echo "make book: _build/html/$$page.html is missing" >&2; exit 1; }; \
	done

# All three are written by the book's own pass (book/_ext/standalone.py). What is for teachers lies outside _build/html,
# which is what gets published.
notebooks handouts instructor: book

# With the table of the assignment beside them: a class need not be online.
handouts: $(INSTALLED)
	$(BIN)/python -m dlnb.results.flat _build/handouts

instructor: $(INSTALLED)
	$(BIN)/python teaching/answer_key.py _build/instructor/assignment.csv
	$(BIN)/python -m dlnb.results.flat _build/instructor

data: $(INSTALLED)
	$(BIN)/python -m dlnb.results.flat _build/data

# Both are made of the executed book: nothing is run again that has been run.
pdf: book
	$(BIN)/python book/_pdf/pdf.py

slides: book
	rm -rf _build/slides
	$(BIN)/python -m sphinx -b revealjs -q -W --keep-going -E -d _build/.slides book/slides _build/slides
	@echo "open _build/slides/session1.html and session2.html; S opens the notes"

test: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder -m "not slow"
	@echo "make test leaves out what is marked slow: make test-slow"

test-slow: $(INSTALLED)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder -m slow

# Needs a built book, and a Python 3.13 (floor: 3.11) beside the one of .venv.
test-environments: $(INSTALLED)
	$(BIN)/python tests/environments/run.py $(ENV)

study: $(INSTALLED)
	$(BIN)/python -m dlnb.run $(STUDY)

define CHECK_PYTHON
import sys
if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit("dlnb needs Python 3.11, 3.12 or 3.13, but %s is %s. Name another: make book PYTHON=python3.12"
             % (sys.executable, sys.version.split()[0]))
endef
export CHECK_PYTHON

# The stamp is written last: an installation that was cut short starts again. Only files whose hash is in the lock are
# installed, and nothing is built by tools that are not: the package itself is, by the setuptools of the lock.
$(INSTALLED): pyproject.toml requirements.lock
	@$(BIN)/python -m pip --version >/dev/null 2>&1 \
		|| { $(PYTHON) -c "$$CHECK_PYTHON" && $(PYTHON) -m venv --clear .venv; }
	@$(BIN)/python -c "$$CHECK_PYTHON"
	$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# uv resolves for all three Pythons at once; it is needed here only, so it lives in a folder that goes away again.
define BUILD_REQUIRES
import tomllib
print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")
endef
export BUILD_REQUIRES
lock:
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT \
	&& $(PYTHON) -m venv $$dir && $$dir/bin/python -m pip install --quiet uv \
	&& $$dir/bin/python -c "$$BUILD_REQUIRES" > $$dir/build.in \
	&& grep '^#' requirements.lock > $$dir/lock \
	&& $$dir/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --fork-strategy fewest \
		--no-header --no-annotate --generate-hashes --extra book --extra teach --extra test pyproject.toml $$dir/build.in \
		>> $$dir/lock \
	&& cp $$dir/lock requirements.lock

clean:
	rm -rf .venv _build
