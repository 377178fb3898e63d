# shellcheck shell=bash
# shellcheck disable=SC2034  # the scripts that include this use them
# Shared by all scripts: the project's directory, messages, cleanup.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readonly project

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[0m'
else
    bold='' green='' red='' dim='' plain=''
fi
readonly bold green red dim plain

heading() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
say() { printf '%s\n' "$*"; }
pass() { printf '  %s✓%s %s\n' "$green" "$plain" "$*"; }
fail() { printf '  %s✗ %s%s\n' "$red" "$*" "$plain"; }

# die MESSAGE...: prints one message per line and exits 1.
die() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    shift
    (($# == 0)) || printf '  %s\n' "$@" >&2
    exit 1
}

# Cleanup steps, run in reverse order however the script ends.
tidying=()
at_end() { tidying=("$*" "${tidying[@]}"); }

tidy_up() {
    local status=$? step
    trap - EXIT
    trap '' INT TERM HUP
    for step in "${tidying[@]}"; do eval "$step" || true; done
    exit "$status"
}

# tidy_at_exit: call once, before the first at_end.
tidy_at_exit() {
    trap tidy_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# temporary_folder VARIABLE: creates a directory that is removed at the end.
temporary_folder() {
    local made
    made=$(mktemp -d "${TMPDIR:-/tmp}/ocimirror.XXXXXX")
    at_end "rm -rf -- $(printf '%q' "$made")"
    printf -v "$1" '%s' "$made"
}
