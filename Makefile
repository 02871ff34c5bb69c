# Every target only calls a command; the first one that runs makes .venv.
#   make demo                      package an assignment and grade a small class
#   make test                      lint, types, import contracts, tests
#   make assign [A=NAME]           write the student release (default: all)
#   make verify [A=NAME]           prove it: reference all points, release none
#   make expected A=NAME [W=1]     compare with the recording; W=1 records anew
#   make grade A=NAME S=FOLDER OUT=FOLDER

PYTHON ?= python3
VENV   ?= .venv
RUN    := $(VENV)/bin
A      ?=
S      ?= submissions
OUT    ?= results
W      ?=

.DEFAULT_GOAL := help
.PHONY: help assign verify expected grade demo lint types contracts test test-all bench clean

help:
	@sed -n 's/^#   //p' Makefile

# The commit of a new pyproject.toml makes the environment anew.
$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

assign: $(VENV)/ready
	$(RUN)/gradlab assign $(A)

verify: $(VENV)/ready
	$(RUN)/gradlab verify $(A)

expected: $(VENV)/ready
	$(RUN)/gradlab expected $(A) $(if $(W),--write)

grade: $(VENV)/ready
	$(RUN)/gradlab grade $(A) $(S) --out $(OUT)

demo: $(VENV)/ready
	$(RUN)/gradlab demo $(A)

lint: $(VENV)/ready
	$(RUN)/ruff check
	$(RUN)/ruff format --check

types: $(VENV)/ready
	$(RUN)/mypy

contracts: $(VENV)/ready
	$(RUN)/lint-imports

test: lint types contracts
	$(RUN)/pytest -m "not slow"

test-all: lint types contracts
	$(RUN)/pytest

bench: $(VENV)/ready
	$(RUN)/python benchmarks/worker_start.py
	$(RUN)/python benchmarks/reference.py benchmarks.png

clean:
	rm -rf $(VENV) release results demo dist
