# `make study` and `make test` need Python 3.11+, make and a C compiler; the rest installs itself.

PYTHON ?= python3
VENV ?= .venv
CORES ?= all
# Snakemake 9 looks through all ready jobs once a timespan for each job that has finished so far; at its default of a
# second that is a third of a core after 300 jobs, at five seconds little.
SNAKEMAKE ?= snakemake --cores $(CORES) --rerun-incomplete --max-jobs-per-timespan 1000/5s
RESULTS := results

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Every job states its threads; libraries must not start more.
export OMP_NUM_THREADS ?= 1

.PHONY: help study report install test test-fast backends faults lint format schema lock bench clean

help:
	@echo 'make study      install and run the embedded study: English, Japanese and both'
	@echo 'make test       install and run every test'
	@echo 'make test-fast  the tests that take seconds'
	@echo 'make backends   the embedded study under an emulated job manager, held against a run without (an hour)'
	@echo 'make faults     a hundred random faults over training jobs under an emulated job manager (half an hour)'
	@echo 'make lint       check style, types and workflow'
	@echo 'make format     mend style'
	@echo 'make schema     write schemas/config.schema.json from the config model'
	@echo 'make bench      hold speed and memory against other programs; BENCHMARKS="training scoring" does only those'

study: $(VENV)/.installed
	@$(SNAKEMAKE) --quiet host reason
	@$(MAKE) --no-print-directory report

# Snakemake makes a report of what lies on disk, in a call of its own; only when something is newer than it.
report: $(VENV)/.installed
	@if [ ! -f $(RESULTS)/report.html ] || [ -n "$$(find $(RESULTS)/verdicts.html $(RESULTS)/summary.html $(RESULTS)/figures -newer $(RESULTS)/report.html)" ]; then \
		snakemake --cores 1 --report $(RESULTS)/report.html --quiet && echo "The report is $(CURDIR)/$(RESULTS)/report.html"; \
	fi

test: $(VENV)/.installed-dev
	pytest -n 2 --dist worksteal

test-fast: $(VENV)/.installed-dev
	pytest -n 2 -m 'not slow and not network'

# Long versions of what the tests sample; the programs take arguments, see their --help.
backends: $(VENV)/.installed-dev
	PYTHONPATH=src:tests python -m campaigns.backends

faults: $(VENV)/.installed-dev
	PYTHONPATH=src:tests python -m campaigns.restarts
	PYTHONPATH=src:tests python -m campaigns.faults

lint: $(VENV)/.installed-dev
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint
	mypy src scripts

format: $(VENV)/.installed-dev
	ruff check --fix .
	ruff format .
	snakefmt Snakefile rules

schema: $(VENV)/.installed
	python scripts/write_schema.py --out schemas/config.schema.json

# The versions of everything that an installation of the pinned packages brings along.
lock:
	rm -rf $(VENV) && $(MAKE) constraints= $(VENV)/.installed-dev
	$(VENV)/bin/pip freeze --exclude-editable | sed 's/+cpu//' > constraints.txt

bench: $(VENV)/.installed-bench
	PYTHONPATH=src:tests:$(VENV)/peers python benchmarks/run.py $(BENCHMARKS)

install: $(VENV)/.installed

constraints := --constraint constraints.txt

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'tenbin needs Python 3.11 or newer; name one with PYTHON=/path/to/python3' >&2; exit 1; }
	@echo 'Making an environment in $(VENV)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt setup.py $(wildcard src/tenbin/kernels/csrc/*) | $(VENV)/bin/python
	@echo 'Installing pinned packages (about a minute)'
	@pip install --quiet --disable-pip-version-check $(constraints) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo 'Installing what tests and checks need'
	@pip install --quiet --disable-pip-version-check $(constraints) --editable '.[dev]'
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed-dev benchmarks/litgpt.txt
	@echo 'Installing the programs to compare with'
	@pip install --quiet --disable-pip-version-check $(constraints) --editable '.[bench]'
	@pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $(VENV)/peers --requirement benchmarks/litgpt.txt
	@touch $@

clean:
	rm -rf $(VENV) .snakemake .mypy_cache .pytest_cache .ruff_cache
