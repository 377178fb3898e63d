# shellcheck shell=bash
# Debian's archive for reading, without changing the system's package lists, and commands in other root file systems.
# Needs ci/lib/common.sh and mmdebstrap.

# inside ROOT COMMAND: runs a shell command in a root file system, without this system's environment.
inside() {
    env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
        chroot "$1" sh -euc "$2"
}

# with_archive ARCHITECTURE DIRECTORY COMMAND: runs a shell command in DIRECTORY (absolute), in which apt-get and
# apt-cache read the current package lists of Debian 12 with its security updates. DIRECTORY/log has the messages.
with_archive() {
    command -v mmdebstrap >/dev/null || die 'mmdebstrap is needed: apt-get install mmdebstrap'
    # mmdebstrap creates lists and a configuration for its root file system, which is not used.
    # shellcheck disable=SC2016  # mmdebstrap sets MMDEBSTRAP_APT_CONFIG
    mmdebstrap --quiet --variant=extract --architectures="$1" --include=base-files \
        --extract-hook='export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG && cd '"'$2' && $3" \
        bookworm "$2/unused.tar" >"$2/log" 2>&1 || die "Debian's archive could not be read" "$(tail -n 5 "$2/log")"
    rm "$2/unused.tar"
}
