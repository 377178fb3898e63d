"""How layers, configs and indexes are written: compression, labels, tar details, metadata."""
import tarfile

from images import DEBIAN, Image, Layer
from layers import Directory, File, Program, Special
from layout import compress, digest_of

from .forms import FOREIGN_LAYER, SERVER_LAYER

SERVER = Program("app/server")


def unique(name):
    """A part that no other image has: containerd does not unpack a layer whose diff_id it has unpacked before."""
    return File("etc/image", name, 0o644)


def layer_image(name, why, layer, starts=True, **more):
    layer.parts = (unique(name), *layer.parts)
    return Image(name, why, [layer], cmd=["/app/server"], starts=starts, **more)


def extra_layer(name, why, layer, starts=True, **more):
    return Image(name, why, [Layer(SERVER, unique(name)), layer], cmd=["/app/server"], starts=starts, **more)


def config_text(name, why, old, new, starts=True, **more):
    """An image whose config text is changed."""
    return Image(name, why, [SERVER_LAYER], cmd=["/app/server"], starts=starts,
        edit_config=lambda text: text.replace(old, new, 1), **more)


def index_text(name, why, old, new, starts=True, **more):
    return Image(name, why, [SERVER_LAYER], cmd=["/app/server"], starts=starts,
        edit_index=lambda text: text.replace(old, new, 1), **more)


def manifest_text(name, why, old, new, starts=True, **more):
    return Image(name, why, [SERVER_LAYER], cmd=["/app/server"], starts=starts,
        edit_manifest=lambda text: text.replace(old, new, 1), **more)


OS = '"os": "linux",'
NAMES = [f"directory-{number:03}-with-a-long-name" for number in range(12)]
LONG = "/".join(NAMES)

IMAGES = [
    layer_image("layer-plain", "a layer without compression", Layer(SERVER, compression="plain")),
    layer_image("layer-zstd", "a layer compressed with zstd", Layer(SERVER, compression="zstd")),
    *(layer_image(f"layer-{compression}-labeled-{label}",
        f"the layer is {compression}, its media type states {label}: containerd detects the compression",
        Layer(SERVER, compression=compression, label=label))
      for compression in ("gzip", "zstd", "plain") for label in ("gzip", "zstd") if compression != label),
    *(layer_image(f"layer-{compression}-labeled-plain",
        f"the layer is {compression}, its media type states none: containerd does not decompress it",
        Layer(SERVER, compression=compression, label="plain"), starts=False) for compression in ("gzip", "zstd")),
    layer_image("layer-xz", "a layer compressed with xz, which containerd does not support",
        Layer(SERVER, compression="xz"), starts=False),
    layer_image("layer-xz-labeled-gzip", "an xz layer under the label gzip",
        Layer(SERVER, compression="xz", label="gzip"), starts=False),
    layer_image("layer-foreign-in-zstd", "a foreign program in a zstd layer under the label gzip",
        Layer(*FOREIGN_LAYER.parts, compression="zstd", label="gzip"), starts=False),
    extra_layer("layer-empty-gzip-of-nothing", "a layer that is gzip of no bytes",
        Layer(content=compress(b"", "gzip"))),
    extra_layer("layer-empty-tar", "a layer that is an empty archive", Layer()),
    extra_layer("layer-zero-bytes", "a layer of zero bytes", Layer(content=b"")),
    extra_layer("layer-zero-bytes-plain", "a plain layer of zero bytes", Layer(content=b"", label="plain")),
    layer_image("layer-unpadded", "the last file is neither padded nor followed by end blocks",
        Layer(SERVER, padded=False)),
    layer_image("layer-unpadded-plain", "the same without compression",
        Layer(SERVER, padded=False, compression="plain")),
    layer_image("layer-truncated", "the compressed data is incomplete", Layer(SERVER, cut=40), starts=False),
    layer_image("layer-two-members", "two gzip members", Layer(SERVER, appended=compress(b"", "gzip"))),
    layer_image("layer-trailing-bytes", "bytes that are not gzip follow the gzip data",
        Layer(SERVER, appended=b"not gzip, but more"), starts=False),
    layer_image("layer-trailing-zeros", "zero bytes follow the gzip data", Layer(SERVER, appended=b"\0" * 512),
        starts=False),
    layer_image("layer-wrong-diff-id", "the diff_id is that of another layer",
        Layer(SERVER, diff_id=digest_of(b"another layer")), starts=False),
    extra_layer("layer-not-tar", "the layer is not an archive",
        Layer(content=compress(b"not an archive" * 100, "gzip"), diff_id=digest_of(b"not an archive" * 100)),
        starts=False),
    layer_image("tar-pax", "an archive with pax headers and long paths",
        Layer(SERVER, File(f"{LONG}/file", "text"), tar_format=tarfile.PAX_FORMAT)),
    layer_image("tar-gnu-long-path", "an archive with GNU long paths", Layer(SERVER, File(f"{LONG}/file", "text"))),
    Image("tar-pax-long-program", "a program with a long path, in pax",
        [Layer(Program(f"{LONG}/server"), tar_format=tarfile.PAX_FORMAT)], cmd=[f"/{LONG}/server"]),
    Image("tar-gnu-long-program", "a program with a long path, in GNU format", [Layer(Program(f"{LONG}/server"))],
        cmd=[f"/{LONG}/server"]),
    layer_image("tar-ustar", "an archive in ustar format", Layer(SERVER, tar_format=tarfile.USTAR_FORMAT)),
    layer_image("tar-sparse", "a GNU sparse file, which containerd does not support",
        Layer(SERVER, Special("app/sparse", b"S")), starts=False),
    layer_image("tar-contiguous", "a file of the type 'contiguous'", Layer(SERVER, Special("app/file", b"7", "text")),
        starts=False),
    layer_image("tar-old-regular", "a file of the old type NUL", Layer(SERVER, Special("app/file", b"\0", "text"))),
    layer_image("tar-fifo", "a named pipe", Layer(SERVER, Special("app/pipe", tarfile.FIFOTYPE))),
    layer_image("tar-device", "a character device", Layer(SERVER, Special("app/null", tarfile.CHRTYPE))),
    layer_image("tar-global-header", "a global pax header",
        Layer(Special("pax_global_header", b"g", "16 comment=text\n"), SERVER)),
    layer_image("tar-unknown-type", "an entry of an unknown type", Layer(SERVER, Special("app/volume", b"V")),
        starts=False),
    layer_image("tar-name-twice", "a directory after the files in it", Layer(SERVER, Directory("app"))),
    config_text("config-created-empty", "created is an empty text", OS, OS + '"created": "",', starts=False),
    config_text("config-created-no-date", "created is not a date", OS, OS + '"created": "yesterday",', starts=False),
    config_text("config-created", "created with an offset", OS, OS + '"created": "2026-01-02T03:04:05.678+02:00",'),
    config_text("config-unknown-members", "members that no specification has", OS,
        OS + '"moby.buildkit.buildinfo.v1": "e30=", "x-team": {"a": 1},'),
    config_text("config-duplicate-unused", "a duplicate key in a member that is not used", OS,
        OS + '"x-team": {"a": 1, "a": 2},'),
    config_text("config-container-config", "docker's container_config", OS,
        OS + '"docker_version": "20.10", "container": "abc", "container_config": {"Hostname": "x", "Cmd": null},'),
    config_text("config-history", "more history than layers", OS,
        OS + '"history": [{"created_by": "a"}, {"created_by": "b", "empty_layer": true}, {}],'),
    config_text("config-null-members", "members that are null", OS, OS + '"history": null, "author": null,'),
    Image("config-null-settings", "settings that are null", [SERVER_LAYER], entrypoint=["/app/server"],
        config={"Cmd": None, "Labels": None, "Volumes": None, "ExposedPorts": None, "OnBuild": None,
            "StopSignal": "SIGTERM"}),
    Image("config-docker-settings", "all settings that docker writes", [SERVER_LAYER], entrypoint=["/app/server"],
        config={"Hostname": "", "Domainname": "", "AttachStdin": False, "Tty": False, "Image": "sha256:none",
            "OnBuild": None, "ArgsEscaped": True,
                  "Healthcheck": {"Test": ["CMD", "/none"], "Interval": 30}, "Shell": ["/bin/none", "-c"],
                      "Labels": {"a": "b"},
                  "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/data": {}}}),
    Image("config-command-text", "Cmd is a text instead of a list", [SERVER_LAYER], config={"Cmd": "/app/server"},
        starts=False),
    Image("config-ports-list", "ExposedPorts is a list instead of an object", [SERVER_LAYER], cmd=["/app/server"],
        config={"ExposedPorts": ["80/tcp"]}, starts=False),
    Image("config-env-without-value", "an environment entry without '='", [DEBIAN, SERVER_LAYER], cmd=["/app/server"],
        env=["DEBUG"], starts=False),
    Image("config-env-empty-value", "an environment entry with an empty value", [SERVER_LAYER], cmd=["/app/server"],
        env=["DEBUG="]),
    Image("config-env-twice", "PATH is set twice; the last one counts", [SERVER_LAYER], cmd=["server"],
        env=["PATH=/none", "PATH=/app"]),
    Image("config-workdir-relative", "a relative working directory", [DEBIAN, SERVER_LAYER], cmd=["/app/server"],
        workdir="app", starts=False),
    Image("config-workdir-slash", "a working directory that ends in a slash", [DEBIAN, SERVER_LAYER], cmd=["./server"],
        workdir="/app/"),
    Image("config-user-name", "a user of /etc/passwd", [DEBIAN, SERVER_LAYER], cmd=["/app/server"], user="nobody"),
    Image("config-user-number", "a numeric user without /etc/passwd", [SERVER_LAYER], cmd=["/app/server"],
        user="1000:1000"),
    Image("config-user-missing", "a user that /etc/passwd does not have", [DEBIAN, SERVER_LAYER], cmd=["/app/server"],
        user="app", starts=False),
    Image("config-group-missing", "a group that /etc/group does not have", [DEBIAN, SERVER_LAYER], cmd=["/app/server"],
        user="nobody:app", starts=False),
    Image("config-user-no-passwd", "a user name without /etc/passwd", [SERVER_LAYER], cmd=["/app/server"], user="app",
        starts=False),
    index_text("index-unknown-members", "members that no specification has", '"manifests"',
        '"x-team": {"a": 1, "a": 2}, "manifests"'),
    index_text("index-annotations", "annotations of an entry", '"platform"',
        '"annotations": {"com.docker.official-images.bashbrew.arch": "amd64"}, "platform"'),
    Image("index-os-version", "a platform with a text as os.version", [SERVER_LAYER], cmd=["/app/server"],
        platform_of={"amd64": {"os.version": "macOS 13.5"}}),
    Image("index-os-features", "a platform with features", [SERVER_LAYER], cmd=["/app/server"],
        platform_of={"arm64": {"variant": "v8", "features": ["x"], "os.features": []}}),
    Image("index-odd-platform", "an entry for 'arm/v7' as architecture, which is not required", [SERVER_LAYER],
        cmd=["/app/server"],
        more_entries=[{"platform": {"os": "linux", "architecture": "arm/v7"}}]),
    Image("index-unknown-platform", "an entry for a platform without a name", [SERVER_LAYER], cmd=["/app/server"],
        more_entries=[{"platform": {"os": "", "architecture": ""}}]),
    Image("index-attestation", "BuildKit's entry for unknown/unknown", [SERVER_LAYER], cmd=["/app/server"],
        more_entries=[{"platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}]),
    manifest_text("manifest-unknown-members", "members that no specification has", '"schemaVersion"',
        '"x-team": {"a": 1, "a": 2}, "schemaVersion"'),
    manifest_text("manifest-annotations", "annotations of the manifest", '"schemaVersion"',
        '"annotations": {"a": "b"}, "schemaVersion"'),
    Image("reference-with-colon", "a tag with a colon in the layout", [SERVER_LAYER], cmd=["/app/server"],
        tag="app:1.0"),
    Image("reference-full", "a full reference in the layout", [SERVER_LAYER], cmd=["/app/server"],
        tag="registry.invalid/library/app:1.0"),
]
