# shellcheck shell=bash
# The Debian and Ubuntu packages that the project needs, and their installation.
# Needs common.sh.

# Each line: the kind of check, what to look for, the package that provides it.
# Looking for the file rather than the package accepts any other package that provides it.
requirements='
    command   pkg-config        pkg-config
    library   libcurl           libcurl4-openssl-dev
    library   libcrypto         libssl-dev
    library   libarchive        libarchive-dev
    library   libisal           libisal-dev
    library   yaml-0.1          libyaml-dev
    library   libmicrohttpd     libmicrohttpd-dev
    package   libc6-dev         libc6-dev
    header    c++               g++
    command   docker-registry   docker-registry
    command   skopeo            skopeo
    command   nginx             nginx-light
    command   htpasswd          apache2-utils
    command   openssl           openssl
    command   curl              curl
    command   git               git
    command   python3           python3-minimal
    module    ensurepip         python3-venv
    command   shellcheck        shellcheck
    file      /usr/bin/time     time
    command   cc                gcc
    command   make              make
    command   mandoc            mandoc
    command   zsh               zsh
    command   fish              fish
'

present() {
    case $1 in
        # Debian installs servers in /usr/sbin, which may not be on the PATH.
        command) PATH=$PATH:/usr/sbin:/sbin command -v "$2" >/dev/null ;;
        library) command -v pkg-config >/dev/null && pkg-config --exists "$2" ;;
        package) [[ $(dpkg-query -W -f '${db:Status-Status}' "$2" 2>/dev/null) == installed ]] ;;
        # bash has a builtin with this name.
        file) [[ -x $2 ]] ;;
        module) python3 -c "import $2" 2>/dev/null ;;
        header) [[ -n $(find /usr/include/"$2" -name vector -print -quit 2>/dev/null) ]] ;;
    esac
}

# missing_packages: one name per line.
missing_packages() {
    local kind thing package
    while read -r kind thing package; do
        [[ -z $kind ]] || present "$kind" "$thing" || printf '%s\n' "$package"
    done <<<"$requirements"
}

# as_root COMMAND...: runs a command as root, with sudo if needed.
as_root() {
    if ((EUID == 0)); then "$@"; else sudo -- "$@"; fi
}

readonly service_policy=/usr/sbin/policy-rc.d
readonly service_policy_aside=$service_policy.ocimirror-aside

# Debian starts a server when its package is installed, unless this policy denies it (101).
forbid_service_starts() {
    local denial
    restore_service_policy # left by a run that was killed
    if [[ -x $service_policy ]]; then
        denial=0
        "$service_policy" nginx start >/dev/null 2>&1 || denial=$?
        ((denial != 101)) || return 0
    fi
    at_end restore_service_policy
    [[ ! -e $service_policy ]] || as_root mv "$service_policy" "$service_policy_aside"
    printf '#!/bin/sh\n# Created by ocimirror ci/setup for one installation.\nexit 101\n' |
        as_root tee "$service_policy" >/dev/null
    as_root chmod 755 "$service_policy"
}

restore_service_policy() {
    if grep -qs 'ocimirror ci/setup' "$service_policy"; then as_root rm -f "$service_policy"; fi
    if [[ -e $service_policy_aside ]]; then
        as_root mv -f "$service_policy_aside" "$service_policy"
    fi
}

# A package with a server also enables it for the next boot.
disable_services() {
    local service
    command -v systemctl >/dev/null || return 0
    for service in "$@"; do
        as_root systemctl disable --quiet "$service" >/dev/null 2>&1 || true
    done
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
        apt-get --yes --quiet --quiet --option Dpkg::Use-Pty=0 "$@"
}

# install_packages NAME...
install_packages() {
    local servers=()
    [[ " $* " != *' docker-registry '* ]] || servers+=(docker-registry)
    [[ " $* " != *' nginx-light '* ]] || servers+=(nginx)
    forbid_service_starts
    temporary_folder scratch
    # shellcheck disable=SC2154  # set by temporary_folder
    if ! { apt_get update && apt_get install --no-install-recommends "$@"; } >"$scratch/log" 2>&1
    then
        cat "$scratch/log" >&2
        die 'apt-get failed; see its output above' "$@"
    fi
    disable_services "${servers[@]}"
    restore_service_policy
}
