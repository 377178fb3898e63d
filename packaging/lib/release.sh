# shellcheck shell=bash
# shellcheck disable=SC2154  # ci/lib/common.sh sets project
# The version, the time stamps and the architecture of a release. Needs ci/lib/common.sh.

# program_version: the version in the source code, such as 0.1.0.
program_version() {
    sed -n 's/^ *static let version = "\(.*\)"$/\1/p' "$project/Sources/ocimirror/Program.swift"
}

# set_source_date: exports SOURCE_DATE_EPOCH, the time of the last commit unless it is set, so that the same commit
# gives the same files.
set_source_date() {
    : "${SOURCE_DATE_EPOCH:=$(git -C "$project" log -1 --format=%ct)}"
    export SOURCE_DATE_EPOCH
}

# debian_architecture BINARY: "amd64" or "arm64", from the binary's header.
debian_architecture() {
    case $(readelf --file-header "$1" 2>/dev/null | sed -n 's/^ *Machine: *//p') in
        *X86-64) echo amd64 ;;
        AArch64) echo arm64 ;;
        *) die "$1 is not a program for amd64 or arm64" ;;
    esac
}

# check_hardening BINARY: fails unless the binary has full RELRO and no search path for libraries.
check_hardening() {
    local dynamic
    dynamic=$(readelf --wide --dynamic "$1")
    [[ $dynamic != *RUNPATH* && $dynamic != *RPATH* ]] ||
        die "$1 searches for libraries in its own directory (RUNPATH)" "build it with 'make build'"
    [[ $dynamic == *BIND_NOW* || $dynamic == *'Flags: NOW'* ]] ||
        die "$1 binds symbols lazily (no BIND_NOW)" "build it with 'make build'"
    readelf --wide --segments "$1" | grep -q GNU_RELRO || die "$1 has no RELRO segment" "build it with 'make build'"
}

# newest_glibc BINARY: the newest version of glibc whose symbols the binary needs, such as 2.35.
newest_glibc() {
    readelf --wide --version-info "$1" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -uV | tail -n 1
}

# same_times DIRECTORY: sets the modification time of everything in it to SOURCE_DATE_EPOCH.
same_times() { find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +; }

# The files that name the latest release, and the extended regular expression of such a name, whose last group is the
# version. Tests/ocimirrorTests/ReleaseTests.swift compares them.
# shellcheck disable=SC2034  # packaging/release uses both
released_files=(.pre-commit-hooks.yaml README.md SECURITY.md Documentation/*.md ci/workflows packaging)
# shellcheck disable=SC2034
released_version='(ocimirror@[0-9a-f]{40} # v|ocimirror[:_-]|[?]ref=v|tags\/v|download\/v|version: )[0-9]+\.[0-9]+\.[0-9]+'
