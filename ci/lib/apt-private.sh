# shellcheck shell=bash
# Downloads Debian packages of any architecture with a private apt state: the system's package
# lists, caches, hooks and architectures are neither read nor changed; its sources, keys and
# proxy settings are reused. Needs common.sh.

# The system's entries for the distribution's archive (not those of other vendors), for
# any architecture.
archive_sources() {
    local codename=$1 from=$2 into=$3 file
    mkdir -p "$into"
    for file in "$from"/sources.list "$from"/sources.list.d/*.list; do
        [[ ! -r $file ]] || awk -v suite="$codename" '
            $1 == "deb" && / main( |$)/ { for (i = 2; i <= NF; i++) if ($i == suite) print }
        ' "$file" | sed 's/arch=[^] ]*//; s/\[ *\]//' >>"$into/lines.list"
    done
    for file in "$from"/sources.list.d/*.sources; do
        [[ ! -r $file ]] || sed '/^#/d' "$file" | awk -v suite="$codename" '
            BEGIN { RS = ""; ORS = "\n\n" }
            $0 ~ "\nSuites:[^\n]*[ \t]" suite "([ \t\n]|$)" && /\nComponents:[^\n]*[ \t]main([ \t\n]|$)/
        ' | sed '/^Architectures:/d; s/^Suites:.*/Suites: '"$codename"'/' >>"$into/stanzas.sources"
    done
}

# Ubuntu keeps amd64 on one host and every other architecture on another.
ubuntu_hosts_for() {
    local architecture=$1 sources=$2
    if [[ $architecture == amd64 ]]; then
        sed -i 's#http[^ ]*//ports.ubuntu.com/ubuntu-ports#http://archive.ubuntu.com/ubuntu#' \
            "$sources"/*
    else
        sed -i 's#http[^ ]*//[a-z.]*\(archive\|security\).ubuntu.com/ubuntu#http://ports.ubuntu.com/ubuntu-ports#' \
            "$sources"/*
    fi
}

# private_apt ARCHITECTURE DIRECTORY: writes DIRECTORY (absolute)/apt.conf, whose state, lists and cache are below DIRECTORY.
private_apt() {
    local architecture=$1 folder=$2
    local ID='' VERSION_CODENAME=''
    # shellcheck source=/dev/null
    source /etc/os-release
    mkdir -p "$folder"/{lists,cache,none}
    : >"$folder/status"
    rm -rf "$folder/sources"
    archive_sources "$VERSION_CODENAME" /etc/apt "$folder/sources"
    [[ $ID != ubuntu ]] || ubuntu_hosts_for "$architecture" "$folder/sources"
    # APT_CONFIG is read before /etc/apt/apt.conf.d, which may contain hooks that clean the
    # system's cache; so that directory is replaced, and only its Acquire settings are kept.
    {
        apt-config dump | grep '^Acquire::' | grep -v '^Acquire::IndexTargets'
        printf '%s "%s";\n' \
            APT::Architecture "$architecture" \
            APT::Architectures "$architecture" \
            APT::Sandbox::User root \
            Acquire::Retries 2 \
            Acquire::Languages none \
            Dir::State "$folder" \
            Dir::State::lists "$folder/lists" \
            Dir::State::status "$folder/status" \
            Dir::Cache "$folder/cache" \
            Dir::Log "$folder" \
            Dir::Etc::main "$folder/none/apt.conf" \
            Dir::Etc::parts "$folder/none" \
            Dir::Etc::preferences "$folder/none/preferences" \
            Dir::Etc::preferencesparts "$folder/none" \
            Dir::Etc::sourcelist "$folder/none/sources.list" \
            Dir::Etc::sourceparts "$folder/sources"
    } >"$folder/apt.conf"
}

# fetch_debs ARCHITECTURE DIRECTORY PACKAGE...: downloads each package to DIRECTORY (absolute)/PACKAGE_….deb. If
# one is not available, it fails, and DIRECTORY/log has apt's output.
fetch_debs() {
    local architecture=$1 folder=$2
    shift 2
    private_apt "$architecture" "$folder"
    (
        cd "$folder" || exit
        export APT_CONFIG=$folder/apt.conf
        apt-get --quiet --quiet update && apt-get --quiet --quiet download "${@/%/:$architecture}"
    ) >"$folder/log" 2>&1
}
