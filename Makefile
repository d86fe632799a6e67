# Two commands do all the set-up:  make demo   and   make test
# PYTHON chooses the interpreter; PIP_ARGS is handed to pip, for instance
#   make demo PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
STORE ?= film-store

.PHONY: demo test faults install lint clean

demo: $(VENV)/.installed
	$(BIN)/film run quick --store $(STORE)

test: $(VENV)/.installed-dev lint
	$(BIN)/pytest -n 2

# Real launches, hurt at random moments: at least FAULTS faults, chosen by SEED;
# OUT=docs/faults.md writes the counts down.
FAULTS ?= 100
SEED ?= 1
faults: $(VENV)/.installed-dev
	$(BIN)/python -m tests.faults --count $(FAULTS) --seed $(SEED) $(if $(OUT),--out $(OUT))

install: $(VENV)/.installed

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info < (3, 13); sys.exit(None if ok else f"film needs Python 3.11 or 3.12, not {sys.version.split()[0]}; say make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.created pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.created pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.installed

# Removes what make made, and no results.
clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
