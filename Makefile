# Everything from a checkout: needs Python 3.11 or later with pip and venv, and nothing else.

PYTHON ?= python3
export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
VENV := .venv
RUN := $(VENV)/bin/python
INSTALL := $(PYTHON) -m pip --python $(RUN) install --quiet

.PHONY: run test bench profile lint types format clean

run: $(VENV)/.installed-run
	@$(RUN) manage.py run_tracker

test: $(VENV)/.installed-test
	$(RUN) -m pytest -n auto

# Against other ways to do the same, and as the registry grows; docs/performance.md says how. About half an hour, and as
# long again the first time. A glance: make bench BENCH=--quick
SIZES ?= 1000 10000 100000
BENCH ?=
bench: $(VENV)/.installed-bench
	@$(RUN) -m benchmarks.reads --sizes $(SIZES) $(BENCH)

profile: $(VENV)/.installed-bench
	@$(RUN) -m benchmarks.profile $(PROFILE)

lint: $(VENV)/.installed-test
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check

types: $(VENV)/.installed-test
	$(RUN) -m mypy

format: $(VENV)/.installed-test
	$(RUN) -m ruff check --fix
	$(RUN) -m ruff format

# Removes what can be made again. The data are in .pgdata/, the passwords in .local/; both stay.
clean:
	rm -rf $(VENV) staticfiles .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.pgdata/*' -prune -exec rm -rf {} +

# Without pip inside, because not every Python can put it there; the one outside installs.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed; name one: make run PYTHON=python3.12")'
	$(PYTHON) -m venv --clear --without-pip $(VENV)
	@touch $@

$(VENV)/.installed-run: requirements.txt $(VENV)/.made
	$(INSTALL) --requirement requirements.txt
	@touch $@

$(VENV)/.installed-test: requirements.txt requirements-dev.txt $(VENV)/.made
	$(INSTALL) --requirement requirements-dev.txt
	@touch $@ $(VENV)/.installed-run

$(VENV)/.installed-bench: benchmarks/requirements.txt requirements.txt $(VENV)/.made
	$(INSTALL) --requirement benchmarks/requirements.txt
	@touch $@ $(VENV)/.installed-run
