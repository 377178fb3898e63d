# shellcheck shell=bash
# Finds a recent enough Swift toolchain and adds it to the PATH.

readonly swift_required=6.3

# swift_version DIRECTORY: "6.3.1", or nothing if DIRECTORY has no working swift.
swift_version() {
    [[ -x $1/swiftc ]] || return 0
    "$1/swiftc" --version 2>/dev/null |
        sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1
}

# at_least HAVE WANT: compares versions.
at_least() { [[ $(printf '%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }

# find_swift: selects the first recent enough toolchain; otherwise prints what to install.
find_swift() {
    local folder version found='' folders=()
    folder=$(command -v swiftc || true)
    [[ -z $folder ]] || folders+=("${folder%/*}")
    folders+=(/opt/swift/usr/bin)
    for folder in "${folders[@]}"; do
        version=$(swift_version "$folder")
        if [[ -n $version ]] && at_least "$version" "$swift_required"; then
            PATH=$folder:$PATH
            export PATH
            return
        fi
        [[ -z $version || $found == *" $folder"* ]] || found+=" $version in $folder"
    done
    local problem="Swift $swift_required or later is needed, and none was found"
    [[ -z $found ]] || problem="Swift $swift_required or later is needed, and this is older:$found"
    die "$problem" \
        'Download the toolchain for this system from https://www.swift.org/install/linux/ and' \
        'unpack it to /opt/swift, so that /opt/swift/usr/bin/swift exists:' \
        '  mkdir -p /opt/swift' \
        '  tar xzf swift-*-RELEASE-*.tar.gz -C /opt/swift --strip-components=1' \
        'or put its usr/bin folder on the PATH; then run this again.'
}

# build_release VARIABLE LOG: builds the release binary and sets VARIABLE to its path.
build_release() {
    find_swift
    say 'building the release binary (some minutes the first time)'
    make --directory "$project" build >"$2" 2>&1 || {
        cat "$2" >&2
        die 'the build failed; see the messages of the compiler above'
    }
    printf -v "$1" '%s/.build/release/ocimirror' "$project"
}
