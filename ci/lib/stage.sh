# shellcheck shell=bash
# The environment of the demonstrations: the binary, two real registries on loopback, and the content of
# the images. Everything is removed at the end.
libraries=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=ci/lib/common.sh
source "$libraries/common.sh"
# shellcheck source=ci/lib/swift.sh
source "$libraries/swift.sh"
# shellcheck source=ci/lib/registries.sh
source "$libraries/registries.sh"
# shellcheck source=ci/lib/images.sh
source "$libraries/images.sh"
# shellcheck source=ci/lib/apt-private.sh
source "$libraries/apt-private.sh"
# shellcheck source=ci/lib/programs.sh
source "$libraries/programs.sh"
# shellcheck source=ci/lib/expectations.sh
source "$libraries/expectations.sh"

work='' source='' target='' # a directory for everything; HOST:PORT of each registry

# set_stage [--with BINARY] [--offline]: takes the script's arguments; afterwards `ocimirror` is on
# the PATH, both registries respond, and $work/amd64 and $work/arm64 have the content of the images.
set_stage() {
    local binary='' architecture fill=root_with_busybox
    while (($# > 0)); do
        case $1 in
            --with) binary=$(realpath -e -- "${2:?--with needs a path}") && shift ;;
            --offline) fill=root_with_own_program ;;
            *) die "unknown argument: $1" "usage: $0 [--with BINARY] [--offline]" ;;
        esac
        shift
    done
    tidy_at_exit
    temporary_folder work
    # The output must not depend on the user's credentials, proxies or settings.
    export DOCKER_CONFIG=$work/docker no_proxy=127.0.0.1,localhost NO_PROXY=127.0.0.1,localhost
    export COLUMNS=100 # as on a terminal, although the output is captured
    unset REGISTRY_AUTH_FILE "${!OCIMIRROR_@}"

    heading 'Setting up'
    "$project/ci/setup"
    [[ -n $binary ]] || build_release binary "$work/build.log"
    mkdir "$work/bin" && ln -s "$binary" "$work/bin/ocimirror"
    PATH=$work/bin:$PATH
    say "$(ocimirror --version)"

    heading 'Two local registries, and the content of the images'
    start_registry source "$work/source"
    start_registry target "$work/target"
    source=localhost:${source#*:}
    say "source  $source"
    say "target  $target"
    for architecture in amd64 arm64; do
        "$fill" "$architecture" "$work/$architecture" "$work/apt-$architecture" >"$work/what"
        say "$architecture   $(<"$work/what")"
    done
}
