# The course in two commands: `make run` and `make test`. `make help` lists all.
PYTHON ?= python3
NOTEBOOKS ?=
DATASET ?=
PROFILE ?= cpu
VERSIONS ?=
ADDRESS ?=
BRANCH ?= main
JOBS ?=
RIVALS ?= $(BIN)/python

BIN := .venv/bin
READY := .venv/up-to-date

.DEFAULT_GOAL := help
.PHONY: help run test test-versions test-colab lint notebooks claims student colab seeds lab mutants data judges bench bench-rivals bench-quality bench-kills bench-scale bench-sides bench-features bench-own-images bench-folders bench-tricks bench-two-words bench-minute bench-handwriting gans constraints clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | \
		while IFS='|' read -r name text; do printf '  make %-18s %s\n' "$$name" "$$text"; done
	@printf '\n  NOTEBOOKS="01 02"  which notebooks (default: all)\n'
	@printf '  DATASET=mnist      digits, mnist, fashion_mnist or a folder of images (default: the profile'"'"'s)\n'
	@printf '  PROFILE=gpu        cpu or gpu (default: cpu); gpu means larger nets and real data\n'
	@printf '  ADDRESS=https://github.com/OWNER/REPOSITORY BRANCH=main  where copies find gk\n'
	@printf '  VERSIONS="colab"   which versions to test: lowest, colab, python3.13, newest (all)\n'
	@printf '  JOBS=1             how many notebooks or tests at once (default: one for each core)\n'
	@printf '  RIVALS=...         Python that has PyTorch and JAX, for bench (default: .venv'"'"'s)\n'
	@printf '  GK_DATA_DIR=...    folder of downloaded data sets (default: the cache folder)\n'

run: $(READY) ## run the course; pages in build/course/index.html
	@$(BIN)/python tools/course.py run --notebooks "$(NOTEBOOKS)" --dataset "$(DATASET)" --profile "$(PROFILE)" --jobs "$(JOBS)"

test: $(READY) lint ## lint, unit tests, and every notebook against its saved outputs
	@GK_PROFILE=cpu $(BIN)/python -m pytest --numprocesses $(or $(JOBS),auto) --dist loadscope --no-loadscope-reorder --durations 10

test-versions: $(READY) ## tests, shipped files and two notebooks in other versions (hours)
	@$(BIN)/python tools/course.py versions --only "$(VERSIONS)"

test-colab: $(READY) ## shipped files and notebook 04 in Colab's versions (minutes)
	@$(BIN)/python tools/course.py versions --only colab --quick

lint: $(READY) ## check style and format of code and notebooks
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-logo

notebooks: $(READY) ## run the notebooks and save their outputs in place
	@$(BIN)/python tools/course.py save --notebooks "$(NOTEBOOKS)" --jobs "$(JOBS)"

student: $(READY) ## write copies of the notebooks without solutions to build/student
	@$(BIN)/python tools/course.py student --notebooks "$(NOTEBOOKS)"

colab: $(READY) ## write copies of the notebooks that install gk from ADDRESS to build/colab
	@$(BIN)/python tools/course.py colab --notebooks "$(NOTEBOOKS)" --address "$(ADDRESS)" --branch "$(BRANCH)"

seeds: $(READY) ## run the notebooks under five seeds and print each claim's range (long)
	@$(BIN)/python tools/course.py seeds --notebooks "$(NOTEBOOKS)" --dataset "$(DATASET)" --jobs "$(JOBS)"

claims: $(READY) ## list each claim with what measures it in docs/claims.md
	@$(BIN)/python tools/course.py claims

lab: $(READY) ## open the notebooks in JupyterLab
	@$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=. notebooks

mutants: $(READY) ## plant bugs one by one and see that the tests catch each (long)
	@$(BIN)/python tools/course.py mutants

data: $(READY) ## draw the embedded data sets again
	@$(BIN)/python data/draw.py

judges: $(READY) ## train the judges again (two need MNIST and Fashion-MNIST)
	@$(BIN)/python data/train_judges.py

gans: $(READY) ## train the DCGANs that ship again (an hour; two need MNIST and Fashion-MNIST)
	@$(BIN)/python data/train_gans.py

bench-handwriting: $(READY) ## how much the drawn digits are like MNIST
	@$(BIN)/python benchmarks/handwriting.py

bench: $(READY) ## the models beside the usual ones, and beside PyTorch and JAX
	@$(BIN)/python benchmarks/speed.py
	@$(BIN)/python benchmarks/rivals.py --python "$(RIVALS)"

bench-rivals: $(READY) ## the second half of `make bench`: PyTorch and JAX, step by step
	@$(BIN)/python benchmarks/rivals.py --python "$(RIVALS)"

bench-quality: $(READY) ## how good the models get at leisure (under an hour)
	@$(BIN)/python benchmarks/quality.py

bench-kills: $(READY) ## kill runs at random moments; they must end as if nothing happened
	@$(BIN)/python benchmarks/kills.py

bench-scale: $(READY) ## cost of a step by batch, side and width; memory while streaming
	@$(BIN)/python benchmarks/scale.py

bench-sides: $(READY) ## how good the DCGAN gets at 28, 32 and 64 pixels a side (an hour)
	@$(BIN)/python benchmarks/sides.py

bench-features: $(READY) ## how far features learned without labels agree with a judge's (ten minutes)
	@$(BIN)/python benchmarks/features.py

bench-own-images: $(READY) ## the page on one's own images on three folders (ten minutes)
	@$(BIN)/python benchmarks/own_images.py

bench-folders: $(READY) ## a million small files read and learned from (half an hour, 10 GB of disk)
	@$(BIN)/python benchmarks/folders.py

bench-tricks: $(READY) ## what the tricks of GAN training do, each alone (half an hour)
	@$(BIN)/python benchmarks/tricks.py

bench-two-words: $(READY) ## notebook 05's two words over five seeds (twenty minutes; two sets need MNIST and Fashion-MNIST)
	@$(BIN)/python benchmarks/two_words.py

bench-minute: $(READY) ## how often notebook 08's minute fails, ten seeds (a quarter of an hour)
	@$(BIN)/python benchmarks/minute.py --dataset "$(DATASET)" --profile "$(PROFILE)"

constraints: ## resolve the pinned versions anew (needs uv)
	uv pip compile --quiet --universal --upgrade --python-version 3.10 --no-header \
		--no-annotate --no-emit-index-url --extra course --extra test --extra student pyproject.toml --output-file constraints.txt

clean: ## remove what was built, not the environment
	rm -rf build

$(READY): pyproject.toml constraints.txt tools/setup_venv.sh
	@sh tools/setup_venv.sh "$(PYTHON)"
