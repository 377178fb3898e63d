# shellcheck shell=bash
# Builds image content as an OCI layout, with the same bytes on every run, using only
# tar, gzip and sha256sum. Needs common.sh.
#
# A descriptor is passed as three words: media type, digest, size.

readonly type_index=application/vnd.oci.image.index.v1+json
readonly type_manifest=application/vnd.oci.image.manifest.v1+json
readonly type_config=application/vnd.oci.image.config.v1+json
readonly type_layer=application/vnd.oci.image.layer.v1.tar+gzip

image_command='"/bin/sh"'

sha256_of() { sha256sum "$1" | cut -d' ' -f1; }

# start_layout FOLDER
start_layout() {
    mkdir -p "$1/blobs/sha256"
    printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
}

# add_blob LAYOUT FILE MEDIA-TYPE: moves FILE into the layout; prints its descriptor.
add_blob() {
    local digest size
    digest=$(sha256_of "$2")
    size=$(stat -c %s "$2")
    mv "$2" "$1/blobs/sha256/$digest"
    printf '%s sha256:%s %s\n' "$3" "$digest" "$size"
}

# add_text LAYOUT MEDIA-TYPE: adds the document on standard input; prints its descriptor.
add_text() {
    cat >"$1/incoming"
    add_blob "$1" "$1/incoming" "$2"
}

# descriptor_json "TYPE DIGEST SIZE" [MORE-MEMBERS]
descriptor_json() {
    local type digest size
    read -r type digest size <<<"$1"
    printf '{"mediaType": "%s", "digest": "%s", "size": %s%s}' "$type" "$digest" "$size" "${2:-}"
}

# pack_layer DIRECTORY FILE: packs DIRECTORY as FILE (gzip), owned by root, dated 1970; prints the diff_id.
pack_layer() {
    tar --create --format=ustar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
        --directory "$1" --file "$2.tar" .
    gzip --no-name -6 <"$2.tar" >"$2"
    printf 'sha256:%s\n' "$(sha256_of "$2.tar")"
    rm "$2.tar"
}

further_labels='' # further labels for the next images, each preceded by a comma

# add_layer LAYOUT DIRECTORY: adds DIRECTORY as a layer, packed once per layout unless its files change; prints the diff_id
# and the descriptor of the layer.
add_layer() {
    local known diff_id
    known=$1/packed/$(find "$2" -printf '%P %s %T@ %l\n' | LC_ALL=C sort | sha256sum | cut -d' ' -f1)
    if [[ ! -e $known ]]; then
        mkdir -p "$1/packed"
        diff_id=$(pack_layer "$2" "$1/incoming")
        printf '%s %s\n' "$diff_id" "$(add_blob "$1" "$1/incoming" "$type_layer")" >"$known"
    fi
    cat "$known"
}

# add_image LAYOUT TITLE ARCHITECTURE ROOT...: adds an image whose config states ARCHITECTURE, with
# one layer per ROOT directory and the entrypoint image_command, JSON strings; prints the descriptor
# of the manifest.
add_image() {
    local layout=$1 title=$2 architecture=$3 root diff_id layer layers='' diff_ids='' config
    shift 3
    for root in "$@"; do
        read -r diff_id layer <<<"$(add_layer "$layout" "$root")"
        diff_ids+=${diff_ids:+, }\"$diff_id\"
        layers+=${layers:+, }$(descriptor_json "$layer")
    done
    config=$(
        add_text "$layout" "$type_config" <<JSON
{
  "architecture": "$architecture",
  "os": "linux",
  "config": {
    "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
    "Cmd": [$image_command],
    "Labels": {"org.opencontainers.image.title": "$title"$further_labels}
  },
  "rootfs": {"type": "layers", "diff_ids": [$diff_ids]}
}
JSON
    )
    add_text "$layout" "$type_manifest" <<JSON
{
  "schemaVersion": 2,
  "mediaType": "$type_manifest",
  "config": $(descriptor_json "$config"),
  "layers": [$layers]
}
JSON
}

# add_index LAYOUT TAG (ARCHITECTURE DESCRIPTOR)...: adds an index that states ARCHITECTURE for each
# image, and the layout's entry for it under TAG; prints the descriptor of the index.
add_index() {
    local layout=$1 tag=$2 platform entries='' index
    shift 2
    while (($# > 0)); do
        platform=", \"platform\": {\"architecture\": \"$1\", \"os\": \"linux\"}"
        entries+=${entries:+, }$(descriptor_json "$2" "$platform")
        shift 2
    done
    index=$(
        add_text "$layout" "$type_index" <<JSON
{
  "schemaVersion": 2,
  "mediaType": "$type_index",
  "manifests": [$entries]
}
JSON
    )
    cat >"$layout/index.json" <<JSON
{
  "schemaVersion": 2,
  "manifests": [$(descriptor_json "$index" \
        ", \"annotations\": {\"org.opencontainers.image.ref.name\": \"$tag\"}")]
}
JSON
    printf '%s\n' "$index"
}

# publish LAYOUT TAG REGISTRY/REPOSITORY:TAG: pushes every platform with unchanged digests.
publish() {
    skopeo --insecure-policy copy --quiet --all --preserve-digests --dest-tls-verify=false \
        "oci:$1:$2" "docker://$3"
}
