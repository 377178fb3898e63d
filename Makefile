# The common commands. `make` alone lists them.

# `make install` installs BINARY under DESTDIR/PREFIX, with manual pages and completions.
PREFIX ?= /usr/local
DESTDIR ?=
BINARY ?= .build/release/ocimirror

.DEFAULT_GOAL := help
.PHONY: help build test lint format reference install uninstall check packages demo validation validation-corpus bench \
	faults fuzz mutants sanitize repeat sweep random crash soak

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 25

# No search path for libraries, and a table of addresses that is read-only before main.
build: ## build the release binary, .build/release/ocimirror
	swift build -c release --static-swift-stdlib --disable-local-rpath -Xlinker -z -Xlinker now --product ocimirror

test: ## run all tests
	swift test --parallel

lint: ## check formatting, modules, file lengths, prose and scripts
	ci/check

format: ## format every Swift file
	swift format --in-place --parallel --recursive Sources Tests Package.swift

reference: ## generate Documentation/cli.md and the manual pages from the command tree
	swift build --product ocimirror
	.build/debug/ocimirror reference --markdown Documentation/cli.md --man Documentation/man

share = $(DESTDIR)$(PREFIX)/share

# `install -s` strips the symbols.
install: ## install the program, manual pages, completions and schemas under PREFIX (/usr/local)
	@test -x '$(BINARY)' || { echo "$(BINARY) is not there: run 'make build' first" >&2; exit 1; }
	install -D -s -m 755 '$(BINARY)' '$(DESTDIR)$(PREFIX)/bin/ocimirror'
	install -d '$(share)/man/man1' '$(share)/ocimirror' '$(share)/bash-completion/completions' \
		'$(share)/zsh/site-functions' '$(share)/fish/vendor_completions.d'
	install -m 644 Documentation/man/*.1 '$(share)/man/man1'
	install -m 644 Documentation/schema/*.json '$(share)/ocimirror'
	'$(BINARY)' completions bash >'$(share)/bash-completion/completions/ocimirror'
	'$(BINARY)' completions zsh >'$(share)/zsh/site-functions/_ocimirror'
	'$(BINARY)' completions fish >'$(share)/fish/vendor_completions.d/ocimirror.fish'

uninstall: ## remove what install installed
	rm -f '$(DESTDIR)$(PREFIX)/bin/ocimirror' '$(share)/bash-completion/completions/ocimirror' \
		'$(share)/zsh/site-functions/_ocimirror' '$(share)/fish/vendor_completions.d/ocimirror.fish'
	for page in $(notdir $(wildcard Documentation/man/*.1)); do rm -f '$(share)/man/man1'/"$$page"; done
	for schema in $(notdir $(wildcard Documentation/schema/*.json)); do rm -f '$(share)/ocimirror'/"$$schema"; done
	@rmdir '$(share)/ocimirror' 2>/dev/null || true

check: ## run everything that a change must pass: setup, lint, build, test
	ci/test

packages: ## build the release files for this architecture in .build/packages (root, mmdebstrap)
	packaging/all .build/packages

demo: ## mirror images between two local registries
	ci/demo

validation: ## validate real images, and the same images with one file replaced
	ci/validation

validation-corpus: ## start all images of the corpus, and compare with the verdicts
	ci/validation-corpus/run

bench: ## compare with skopeo and with a minimal copy program
	ci/bench

# Seconds for all targets of the fuzzer.
TIME ?= 600

fuzz: ## fuzz every parser for TIME seconds in all (600)
	ci/fuzz --time $(TIME) --record

mutants: ## check that the tests detect every deliberate error of ci/mutants.table
	ci/mutants --record

sanitize: ## run all tests under the Thread Sanitizer and the Address Sanitizer
	ci/sanitize --record

TIMES ?= 20

repeat: ## run all tests TIMES times (20)
	ci/repeat --times $(TIMES) --record

faults: ## mirror through a proxy with each of its faults
	ci/faults

# Each adds a row to RELIABILITY.md.
FIRST ?= 1
SEEDS ?= 20000
MINUTES ?= 60

sweep: ## inject each kind of fault at each request of a reference run
	ci/reliability sweep --record

random: ## inject random faults in SEEDS runs from seed FIRST on
	ci/reliability random --record --first $(FIRST) --count $(SEEDS)

crash: ## kill the program at each request and each change of a file, and let system calls fail
	ci/reliability crash --record

soak: ## run for MINUTES with faults at 5 % of the requests
	ci/reliability soak --record --minutes $(MINUTES)
