# Needs only make and a Python (3.10 or newer) with venv. Without make: see README.md.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := Scripts
else
BIN := bin
endif
PY := $(VENV)/$(BIN)/python
OLDEST_PY := $(VENV)-oldest/$(BIN)/python

# Those that the packages' versions could change, and the notebooks themselves.
OLDEST_TESTS := helpers Proyecto_Final.ipynb cuadernos $(addprefix tests/test_, $(addsuffix .py, \
	data dnn_app_utils_v3 evaluation exercises files model network photos plots recipe saved_before \
	studies training verdict workbook))

.PHONY: run lab page test test-oldest notebook model clean

run: $(VENV)/run-ready  ## execute the notebook, write an HTML report, print the accuracies
	@$(PY) -m tools.report

lab: $(VENV)/run-ready  ## open the notebook in JupyterLab
	@$(PY) -m jupyter lab Proyecto_Final.ipynb

page: $(VENV)/run-ready  ## write the story as one file to publish: reporte/pagina/index.html
	@$(PY) -m tools.page

test: $(VENV)/test-ready  ## run all tests, the notebooks' among them
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(VENV)/$(BIN)/lint-imports
	@$(PY) -m pytest

test-oldest: $(VENV)-oldest/ready  ## run the helpers' tests with the oldest packages supported
	@$(OLDEST_PY) -m pytest $(OLDEST_TESTS)

notebook: $(VENV)/run-ready  ## refresh the outputs stored in the notebooks (data set: caras)
	@$(PY) -m tools.report --refresh

model: $(VENV)/run-ready  ## train models/smiles.h5 anew, on GENKI-4K
	@$(PY) -m tools.train_smiles

# pip compiles one file after the other, and the packages' own tests; this takes every core.
define install
@$(PYTHON) -m venv --upgrade-deps $(@D)
@$(@D)/$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r $<
-@$(@D)/$(BIN)/python -m compileall -qq -j 0 -x tests $(@D)
@touch $@
endef

$(VENV)/run-ready: requirements.txt
	$(install)

$(VENV)/test-ready: requirements-dev.txt requirements.txt
	$(install)
	@touch $(VENV)/run-ready

$(VENV)-oldest/ready: requirements-oldest.txt
	$(install)

clean:
	@rm -rf $(VENV) $(VENV)-oldest reporte
