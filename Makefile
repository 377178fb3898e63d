# The names by which the project's commands are known. `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help build test lint format reference check demo bench faults

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

build: ## the release binary, .build/release/ocimirror
	swift build -c release --static-swift-stdlib --product ocimirror

test: ## every test
	swift test --parallel

lint: ## the rules that need no build: formatting, imports, lengths, words, scripts
	ci/check

format: ## bring every Swift file into the project's format
	swift format --in-place --parallel --recursive Sources Tests Package.swift

reference: ## write Documentation/cli.md and the manual pages from the command tree
	swift build --product ocimirror
	.build/debug/ocimirror reference --markdown Documentation/cli.md --man Documentation/man

check: ## what a change must pass: setup, lint, build, test
	ci/test

demo: ## mirror real images between two real registries
	ci/demo

bench: ## compare with skopeo and a floor, side by side
	ci/bench

faults: ## mirror through a proxy with each of its faults
	ci/faults
