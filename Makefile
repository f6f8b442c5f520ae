# The two commands a newcomer needs are `make demo` and `make test`; each sets up what it needs.
VENV := .venv
PYTHON := $(VENV)/bin/python
export HF_HUB_OFFLINE := 1
export LITELLM_LOCAL_MODEL_COST_MAP := True
export TOKENIZERS_PARALLELISM := false

.PHONY: help demo test fast check deploy-check fix clean

help:  ## say what there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

# Everything is installed once, and again only when what is to be installed has changed.
$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: $(VENV)/.installed  ## compile and prove a rater on real human labels (about 5 minutes once installed)
	$(VENV)/bin/accord demo

test: $(VENV)/.installed  ## run the whole suite, slow end-to-end tests included
	$(PYTHON) -m pytest

fast: $(VENV)/.installed  ## run the suite without the slow end-to-end tests
	$(PYTHON) -m pytest -m "not slow"

check: $(VENV)/.installed  ## format check, lint, types, layout
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/pyright
	$(PYTHON) -m pytest -q tests/test_layout.py

deploy-check: $(VENV)/.installed  ## serve saved raters in fresh processes, under load, and stop them
	$(PYTHON) -m pytest -q tests/app/test_serve.py

fix: $(VENV)/.installed  ## format and mend what can be mended
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

clean:  ## remove the environment and the runs
	rm -rf $(VENV) runs
