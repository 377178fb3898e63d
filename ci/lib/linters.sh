# shellcheck shell=bash
# The linters of ci/linters.txt, installed in a virtual environment in the user's cache, which all clones share.
# Needs common.sh.

# A changed list gets a folder of its own.
linters=${XDG_CACHE_HOME:-${HOME:-$project/.build}/.cache}/ocimirror/linters-$(sha256sum <"$project/ci/linters.txt" | head -c 12)
readonly linters

# The mark of a complete installation.
readonly linters_complete=$linters/complete

# install_linters: installs those of the list, unless they are there.
install_linters() {
    [[ ! -e $linters_complete ]] || return 0
    say 'installing the linters of ci/linters.txt'
    python3 -m venv "$linters" &&
        "$linters/bin/pip" install --quiet --disable-pip-version-check --timeout 10 --retries 1 \
            --requirement "$project/ci/linters.txt" &&
        : >"$linters_complete"
}

# use_linters: adds them to the PATH if they are installed.
use_linters() { [[ ! -e $linters_complete ]] || PATH=$linters/bin:$PATH; }
