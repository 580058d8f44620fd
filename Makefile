# make app        set up and open the web app
# make test       set up and run the tests
# make pipeline   set up and run the four stages, on the archive in data/EMNIST/raw or, without one,
#                 on a small generated archive
# make lint       check style
#
# ARCHIVE and TRAINING pass options to the stages, for example
#   make pipeline ARCHIVE="--root ../shared" TRAINING="--model resnet34 --epochs 4"

# A Python for which PyTorch has wheels. For Windows, or without make, see the README.
PYTHON ?= python3
BIN := .venv/bin
ARCHIVE ?= $(if $(wildcard data/EMNIST/raw/emnist-*),,--synthetic)
TRAINING ?=

.PHONY: .venv app test pipeline lint

.venv: .venv/ready

# pip would compile the 14,000 files on one core, and the tests of the packages too. A file that is
# no Python does not matter.
.venv/ready: requirements.txt
	$(PYTHON) handwriting/python_version.py
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --no-compile -r requirements.txt
	$(BIN)/python -m compileall -qq -j 0 -x /tests/ .venv/lib || true
	touch $@

app: .venv
	$(BIN)/streamlit run app.py

# Tests start Python often, which then need not compile the project again.
test: .venv lint
	OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --maxprocesses 4 \
		--dist loadfile --no-loadscope-reorder

lint: .venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

pipeline: .venv
	$(BIN)/python data_preprocessing.py $(ARCHIVE)
	$(BIN)/python data_split.py
	$(BIN)/python model_training.py $(TRAINING)
	$(BIN)/python model_evaluation.py
