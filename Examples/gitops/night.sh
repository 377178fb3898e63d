#!/usr/bin/env bash
# Runs the nightly update of the pins in a copy of this directory, between two local registries: initial state,
# changes at the source, sync, pins, the body of the pull request, lint, promotion, and rollback. Checks all
# output, and removes all files.
#
#   night.sh                 set up, build the release binary, run
#   night.sh --with BINARY   run with an existing binary
#   night.sh --offline       use no Debian mirror: the images contain a generated program
set -euo pipefail
example=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/lib/stage.sh
source "$example/../../ci/lib/stage.sh"

set_stage "$@"

# release NAME TAG REVISION: publishes an image of two platforms at the source.
release() {
    local layout=$work/$1-$3 further_labels=", \"org.opencontainers.image.revision\": \"$3\"" amd64 arm64
    further_labels+=', "org.opencontainers.image.created": "2026-11-20T22:00:00Z"'
    start_layout "$layout"
    amd64=$(add_image "$layout" "$1" amd64 "$work/amd64")
    arm64=$(add_image "$layout" "$1" arm64 "$work/arm64")
    add_index "$layout" "$2" amd64 "$amd64" arm64 "$arm64" >/dev/null
    publish "$layout" "$2" "$source/shop/$1:$2"
}

# Git without the configuration of the user or the system; commit MESSAGE commits all changes.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
commit() { git add --all && git -c user.name=bot -c user.email=bot@example.com commit --quiet -m "$1"; }

# as_locked LOCK PATH: succeeds if all pins match the lock file.
as_locked() { ocimirror pin --lock "$1" --check "$2" >/dev/null; }

heading 'The repository, with the host names of the registries'
cp -R "$example" "$work/repository" && cd "$work/repository"
grep -rlE '(upstream|mirror)\.example\.com' . | xargs sed -i \
    -e "s/^  \(upstream\|mirror\)\.example\.com: {/&plainHTTP: true, /" \
    -e "s/upstream\.example\.com/$source/g; s/mirror\.example\.com/$target/g"
git init --quiet
show cat mirror.yaml

heading 'Initial state: recreate the lock files, because the local images have other digests'
rm locks/*.yaml
release web 1.0.0 4be21f0
release worker 1.0 90c11aa
release exporter 1.2.0 77d0e3b
show ocimirror sync
expect 'three images are mirrored' says '3 mirrored'
cp locks/staging.yaml locks/production.yaml
show ocimirror pin --lock locks/staging.yaml --update-tags environments
expect 'both environments are pinned' as_locked locks/staging.yaml environments
show ocimirror lint --lock locks/staging.yaml environments
expect 'lint succeeds' same "$status" 0
commit 'Pin the mirrored images'

heading 'Changes: mirror.yaml requests web 1.1.0, and the tag worker:1.0 moves at the source'
release web 1.1.0 c0ffee1
release worker 1.0 5ec0de2
sed -i 's#shop/web:1\.0\.0#shop/web:1.1.0#' mirror.yaml
show git diff --unified=0 mirror.yaml
commit 'Update web to 1.1.0'

heading 'Mirror'
show ocimirror sync --report "$work/run.json"
expect 'exit code 0' same "$status" 0
expect 'a moved version tag is a finding' says tag-moved
show git diff --stat
expect 'only the lock file of staging changed' same "$(git diff --name-only)" locks/staging.yaml

heading 'Pin: show the changes, apply them, and write the body of the pull request'
show ocimirror pin --lock locks/staging.yaml --diff environments/staging
expect 'a version is not changed without --update-tags' same "$status" 1
expect '  and it is reported' says 'the file has 1.0.0, the lock file has 1.1.0'
show ocimirror pin --lock locks/staging.yaml --update-tags --diff environments/staging
expect 'exit code 0' same "$status" 0
expect 'no file was changed' same "$(git diff --name-only)" locks/staging.yaml
printf '%s\n' "$output" >"$work/announced.patch"
show ocimirror pin --lock locks/staging.yaml --update-tags --report "$work/pr.md" --run "$work/run.json" \
    environments/staging
expect 'exit code 0' same "$status" 0
git diff --no-color --unified=3 environments >"$work/done.patch"
hunks() { grep '^[-+]' "$1" | grep -v '^\(---\|+++\)'; }
expect 'the diff and the changes are the same' \
    same "$(hunks "$work/announced.patch")" "$(hunks "$work/done.patch")"
expect 'the comment after a value is preserved' grep -q "/web   # updated by the bot" environments/staging/web.yaml
show cat "$work/pr.md"
expect 'the title warns about a moved version tag' says '# Warning: moved version tag of'
expect '  and names the update' says '; update of'
expect 'the body has the source revision' says 5ec0de2
expect 'a second run changes nothing' as_locked locks/staging.yaml environments/staging

heading 'Lint'
show ocimirror lint --lock locks/staging.yaml environments/staging
expect 'lint succeeds' same "$status" 0
layers=apps/web/values.yaml,environments/staging/web.yaml
show ocimirror lint --lock locks/staging.yaml --layers "$layers"
expect 'lint succeeds for the merged layers' same "$status" 0
printf 'image:\n  tag: 1.0.1\n' >hotfix.yaml
show ocimirror lint --lock locks/staging.yaml --layers "$layers,hotfix.yaml"
expect 'exit code 1' same "$status" 1
expect 'a layer that changes the tag and inherits the digest is reported' says digest-inherited
expect '  and nothing else is reported' says '1 error, 0 warnings, 0 notes'
rm hotfix.yaml
commit 'Pin staging'

heading 'Promote the entries of staging to production, offline'
show ocimirror promote locks/staging.yaml locks/production.yaml
images_of() { sed '1,/^    images:/d' "$1"; }
expect 'both lock files have the same entries' \
    same "$(images_of locks/production.yaml)" "$(images_of locks/staging.yaml)"
show ocimirror pin --lock locks/production.yaml --update-tags environments/production
expect 'exit code 0' same "$status" 0
show ocimirror lint --lock locks/production.yaml environments/production
expect 'lint succeeds' same "$status" 0
commit 'Promote to production'

heading 'Roll back'
show ocimirror promote --from-git HEAD~1 locks/production.yaml locks/production.yaml
show ocimirror pin --lock locks/production.yaml --update-tags environments/production
expect 'production has the previous bytes' \
    git diff --exit-code --quiet HEAD~1 -- locks/production.yaml environments/production
expect 'staging is unchanged' git diff --exit-code --quiet HEAD -- locks/staging.yaml environments/staging
pinned=$(grep -om 1 "$target/platform/worker:1\.0@sha256:[0-9a-f]*" environments/production/worker.yaml)
show ocimirror check "$pinned"
expect 'the replaced worker image is still in the mirror' same "$status" 0
show ocimirror export keep-list locks/staging.yaml locks/production.yaml
expect 'and in the keep list' says "${pinned##*@}"

verdict
