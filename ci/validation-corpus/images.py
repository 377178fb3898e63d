"""An image of the corpus as a value, and how it becomes manifests."""
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import layout as formats
from layers import BASE, Context, Debs, Directory, File, FromPackage, Group, Link, Program, tar_of

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PLATFORMS = ("amd64", "arm64")
SOURCES = [Path(__file__).with_name(f"{name}.py").read_text() for name in ("debian", "elf", "layers", "layout")]


class Layer:
    """Parts in the order of their entries, and how they are stored."""

    def __init__(self, *parts, compression="gzip", label=None, padded=True, content=None, cut=0, appended=b"",
        diff_id=None,
                 tar_format=None):
        self.parts = parts
        self.compression = compression
        self.label = label or compression  # the compression that the media type states
        self.padded = padded
        self.content = content  # the stored bytes, instead of those of the parts
        self.cut = cut  # removes bytes from the end of the stored bytes
        self.appended = appended
        self.diff_id = diff_id
        self.tar_format = tar_format

    def packages(self):
        return set().union(*(part.packages() for part in self.parts))

    def key(self, context) -> str:
        """Returns a text that differs where the stored bytes differ."""
        debs = [packages.deb(name).name for packages in context.packages.values()
                for name in packages.closure(sorted(self.packages()))]
        options = [value for name, value in vars(self).items() if name not in ("parts", "label")]
        return repr((self.parts, options, context.platform, sorted(debs), SOURCES))

    def stored(self, context):
        """Returns the stored bytes and the diff_id."""
        if self.content is not None:
            return self.content, self.diff_id or formats.digest_of(b"")
        form = {} if self.tar_format is None else {"form": self.tar_format}
        tar = tar_of(self.parts, context, padded=self.padded, **form)
        content = formats.compress(tar, self.compression) + self.appended
        return content[:len(content) - self.cut], self.diff_id or formats.digest_of(tar)


@dataclass
class Image:
    """A row of the corpus. `starts` is what its construction makes happen, for both platforms or by platform."""
    name: str
    why: str  # the reason why it starts or does not
    layers: list
    entrypoint: list = field(default_factory=list)
    cmd: list = field(default_factory=list)
    env: list = field(default_factory=list)
    workdir: str = ""
    user: str = ""
    starts: bool | str | dict = True  # or "varies" between snapshotters
    run: list = field(default_factory=list)  # the command of `docker run`, for an image without one
    snapshotters: tuple = ("overlayfs",)  # those of containerd on which it is started; outcomes may vary
    requires: list = field(default_factory=list)
    real: bool = False  # entrypoint or service of a Debian package, as packaged
    config: dict = field(default_factory=dict)  # further members of the config's "config"
    edit_config: object = None  # functions of the JSON text
    edit_manifest: object = None
    edit_index: object = None
    platform_of: dict = field(default_factory=dict)  # members of the index entry's platform
    more_entries: list = field(default_factory=list)  # further index entries
    tag: str = ""  # the name in the layout, if it is not the image's

    def packages(self):
        return set().union(*(layer.packages() for layer in self.layers))

    def expected(self, platform: str) -> str:
        """Returns the outcome that the construction makes happen: "started", "failed" or "varies"."""
        starts = self.starts[platform] if isinstance(self.starts, dict) else self.starts
        return starts if isinstance(starts, str) else "started" if starts else "failed"

    def reference(self) -> str:
        return self.tag or self.name

    def settings(self, context) -> dict:
        """Returns the image config's "config"."""
        settings = {"Env": [context.expand(text) for text in [PATH, *self.env]]}
        for name, command in (("Entrypoint", self.entrypoint), ("Cmd", self.cmd)):
            if command:
                settings[name] = [context.expand(word) for word in command]
        if self.workdir:
            settings["WorkingDir"] = context.expand(self.workdir)
        if self.user:
            settings["User"] = self.user
        return {**settings, **self.config}


class Builder:
    """Adds images to a layout. Layers are kept in a cache directory."""

    def __init__(self, layout: formats.Layout, packages: dict, cache: Path):
        self.layout = layout
        self.cache = cache
        cache.mkdir(exist_ok=True)
        self.packages = packages
        self._layers: dict = {}

    def _layer(self, layer: Layer, context: Context):
        key = (id(layer), context.platform)
        if key not in self._layers:
            content, diff_id = self._cached(layer, context)
            self._layers[key] = self.layout.add(content, formats.LAYER + formats.SUFFIX[layer.label]), diff_id
        return self._layers[key]

    def _cached(self, layer: Layer, context: Context):
        """Returns the stored bytes and the diff_id of a layer, from an earlier run if possible."""
        file = self.cache / hashlib.sha256(layer.key(context).encode()).hexdigest()
        if not file.exists():
            content, diff_id = layer.stored(context)
            incoming = file.with_suffix(".new")
            incoming.write_bytes(diff_id.encode() + b"\n" + content)
            incoming.rename(file)
        diff_id, content = file.read_bytes().split(b"\n", 1)
        return content, diff_id.decode()

    def manifest(self, image: Image, platform: str) -> dict:
        """Adds the image of one platform and returns its descriptor."""
        context = Context(platform, platform, self.packages)
        layers = [self._layer(layer, context) for layer in image.layers]
        config = self.layout.add_json({
            "architecture": platform, "os": "linux", "config": image.settings(context),
            "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
        }, formats.CONFIG, image.edit_config)
        return self.layout.add_json({
            "schemaVersion": 2, "mediaType": formats.MANIFEST, "config": config,
                "layers": [descriptor for descriptor, _ in layers],
        }, formats.MANIFEST, image.edit_manifest)

    def settings(self, image: Image, platform: str) -> dict:
        return image.settings(Context(platform, platform, self.packages))

    def build(self, image: Image) -> None:
        entries = [{**self.manifest(image, platform),
                    "platform": {"architecture": platform, "os": "linux", **image.platform_of.get(platform, {})}}
                   for platform in PLATFORMS]
        entries += [{**json.loads(json.dumps(entries[0])), **more} for more in image.more_entries]
        root = self.layout.add_json({"schemaVersion": 2, "mediaType": formats.INDEX, "manifests": entries},
            formats.INDEX,
                                    image.edit_index)
        self.layout.tag(image.reference(), root)


# Layers that many images share.
USERS = Group((
    File("etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\npostgres:x:999:999::/:/bin/sh\n"
         "nobody:x:65534:65534::/:/usr/sbin/nologin\n", 0o644),
    File("etc/group", "root:x:0:\ntty:x:5:\nadm:x:4:\nwww-data:x:33:\npostgres:x:999:\nnogroup:x:65534:\n", 0o644),
))
MERGED_LINKS = Group((
    Directory("usr"), Directory("usr/bin"), Directory("usr/sbin"), Directory("usr/lib"), Directory("usr/lib64"),
    Link("bin", "usr/bin"), Link("sbin", "usr/sbin"), Link("lib", "usr/lib"), Link("lib64", "usr/lib64"),
))
DEBIAN = Layer(MERGED_LINKS, Debs(BASE, over=()), Link("usr/bin/sh", "dash"), USERS, Directory("tmp", 0o1777),
               Directory("run"), Directory("root"))
SPLIT = Layer(Debs(BASE, over=(), merged=False), Link("bin/sh", "dash"), USERS,
    Directory("tmp", 0o1777))  # without a merged /usr
BUSYBOX = Layer(FromPackage("busybox-static", "bin/busybox", "bin/busybox"),
                *(Link(f"bin/{name}", "busybox") for name in ("sh", "cat", "echo", "env", "ls", "nc", "true", "false",
                    "sleep", "mkdir", "chmod",
                                                              "chown", "id", "test", "sed", "grep", "expr", "dirname",
                                                                  "basename", "su")),
                USERS, Directory("tmp", 0o1777))


def server(path="app/server", **more):
    """A layer with one generated static program."""
    return Layer(Program(path, **more))
