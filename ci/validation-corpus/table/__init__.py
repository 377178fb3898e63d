"""The rows of the corpus, by subject."""
from . import languages, libraries, links, packaging, scripts, services, words

MODULES = (words, scripts, links, libraries, packaging, languages, services)
# The images that continuous integration starts: small, and some of each kind.
SHARE = (
    "direct", "direct-hard-coded", "scratch-foreign", "gosu-env", "env-search-path", "shell-text-cd-hard-coded",
    "emulator-script", "script-exec-hard-coded", "script-arguments-foreign", "tini-script-arguments-foreign",
    "docker-library-style-hard-coded", "nginx-style", "script-cat-arguments", "script-carriage-returns",
    "interpreter-without-script", "directory-replaces-link", "whiteout", "workdir-link", "glibc", "library-missing",
    "library-hard-coded", "musl", "layer-zstd-labeled-gzip", "layer-truncated", "config-created-empty", "emulator",
    "debian-nginx-light",
)
IMAGES = [image for module in MODULES for image in module.IMAGES]
assert len({image.name for image in IMAGES}) == len(IMAGES), "a name occurs twice"
assert set(SHARE) <= {image.name for image in IMAGES}, "the share has an unknown name"
