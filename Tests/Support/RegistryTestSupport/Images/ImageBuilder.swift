// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI
internal import StrictJSON

/// Builds images and indexes as values, with one set of media types and one JSON formatting.
///
///     let builder = ImageBuilder()
///     let amd64 = builder.image(.linuxAMD64, layers: [.tar([.file("/bin/app", "amd64")])])
///     let arm64 = builder.image(.linuxARM64, layers: [.gzip([.file("/bin/app", "arm64")])])
///     let index = builder.index([.image(amd64), .image(arm64), .attestation(of: amd64)])
public struct ImageBuilder: Sendable {
    /// The media types: Docker's or those of the OCI specification.
    public enum Dialect: Sendable, CaseIterable {
        case oci
        case docker
    }

    /// The media types that are used.
    public var dialect: Dialect
    /// The JSON formatting of manifests.
    public var spelling: JSONSpelling

    /// Creates a builder.
    public init(_ dialect: Dialect = .oci, spelling: JSONSpelling = .compact) {
        self.dialect = dialect
        self.spelling = spelling
    }

    /// The settings of an image config, other than platform and layers.
    public struct Settings: Sendable {
        /// The entrypoint.
        public var entrypoint: [String]
        /// The default arguments of the entrypoint.
        public var command: [String]
        /// The environment variables as `NAME=value`.
        public var environment: [String]
        /// The working directory.
        public var workingDirectory = "/"
        /// The user; empty for root.
        public var user = ""
        /// The directories of volumes.
        public var volumes: [String] = []
        /// The labels.
        public var labels: [String: String]
        /// The commands of the history, one per layer.
        public var history: [String] = []
        /// The `diff_ids` to write instead of the correct ones.
        public var diffIDs: [Digest]?

        /// Creates settings.
        public init(
            entrypoint: [String] = [], command: [String] = [],
            environment: [String] = ["PATH=/usr/local/bin:/usr/bin:/bin"],
            labels: [String: String] = [:], diffIDs: [Digest]? = nil
        ) {
            self.entrypoint = entrypoint
            self.command = command
            self.environment = environment
            self.labels = labels
            self.diffIDs = diffIDs
        }
    }

    /// Builds an image for one platform.
    ///
    /// - Parameters:
    ///   - platform: The platform of the image config.
    ///   - layers: The layers, base first.
    ///   - settings: The other settings of the image config.
    ///   - annotations: The manifest's annotations.
    ///   - subject: The manifest that this one refers to.
    /// - Returns: The image.
    public func image(
        _ platform: Platform = .linuxAMD64, layers: [Layer], settings: Settings = Settings(),
        annotations: [String: String] = [:], subject: Descriptor? = nil
    ) -> BuiltImage {
        let config = Array(configuration(platform, layers, settings).compactText.utf8)
        var blobs = [Digest.of(config): config]
        var generated: [Digest: GeneratedBytes] = [:]
        for layer in layers {
            switch layer.content {
            case .bytes(let bytes): blobs[layer.digest] = bytes
            case .generated(let bytes): generated[layer.digest] = bytes
            }
        }
        let configType: MediaType = dialect == .oci ? .ociConfig : .dockerConfig
        var members: [JSONValue.Member] = [
            .init(
                "config", Self.descriptor(configType.name, Digest.of(config), size: config.count)),
            .init(
                "layers",
                .array(
                    layers.map {
                        Self.descriptor($0.mediaType(in: dialect), $0.digest, size: $0.size)
                    })),
        ]
        if let subject { members.append(.init("subject", Self.json(subject))) }
        let root = manifest(
            dialect == .oci ? .ociManifest : .dockerManifest, members, annotations)
        return BuiltImage(
            root: root, blobs: blobs, generatedBlobs: generated, platform: platform)
    }

    /// Builds an index.
    ///
    /// - Parameters:
    ///   - entries: The entries in their order.
    ///   - annotations: The index's annotations.
    /// - Returns: The index with all content that it references.
    public func index(
        _ entries: [IndexEntry], annotations: [String: String] = [:]
    ) -> BuiltImage {
        let root = manifest(
            dialect == .oci ? .ociIndex : .dockerList,
            [.init("manifests", .array(entries.map(\.json)))], annotations)
        var seen: Set<Digest> = []
        return BuiltImage(
            root: root,
            children: entries.flatMap(\.image.manifests).filter {
                seen.insert($0.descriptor.digest).inserted
            },
            blobs: entries.reduce(into: [:]) { $0.merge($1.image.blobs) { first, _ in first } },
            generatedBlobs: entries.reduce(into: [:]) {
                $0.merge($1.image.generatedBlobs) { first, _ in first }
            })
    }

    /// Builds an index of small images, one for each platform, that share a base layer.
    ///
    /// Images of different seeds share nothing.
    public func multiPlatform(
        _ platforms: [Platform] = [.linuxAMD64, .linuxARM64], seed: UInt64 = 1
    ) -> BuiltImage {
        let base = Layer.tar([.folder("/bin"), .file("/etc/seed", "\(seed)\n", mode: 0o644)])
        return index(
            platforms.map { platform in
                let program = Layer.gzip([.file("/bin/app", "\(platform) \(seed)\n")])
                return .image(
                    image(
                        platform, layers: [base, program],
                        settings: Settings(entrypoint: ["/bin/app"])))
            })
    }

    /// Builds a chain of nested indexes, each of which lists all following ones, and an image.
    ///
    /// The number of paths from the root to the image doubles with each index.
    public func entangled(
        _ image: BuiltImage, count: Int = 40, annotations: [String: String] = [:]
    ) -> BuiltImage {
        var indexes: [BuiltImage] = []
        for number in 0..<count {
            let next = index(
                ([image] + indexes).map { .unlabelled($0) }, annotations: ["number": "\(number)"])
            indexes.append(next)
        }
        return index(indexes.map { .unlabelled($0) }, annotations: annotations)
    }

    func manifest(
        _ type: MediaType, _ members: [JSONValue.Member], _ annotations: [String: String]
    ) -> RawManifest {
        var all: [JSONValue.Member] = [
            .init("schemaVersion", .integer(2)), .init("mediaType", .string(type.name)),
        ]
        all += members
        if !annotations.isEmpty { all.append(.init("annotations", Self.json(annotations))) }
        return RawManifest(describing: spelling.bytes(.object(all)), as: type)
    }
}

extension ImageBuilder {
    /// Builds an artifact that refers to a manifest: a signature or an SBOM.
    ///
    /// Source: image-spec, manifest.md § Guidelines for Artifact Usage.
    ///
    /// - Parameters:
    ///   - type: The type of the artifact.
    ///   - content: The bytes of its only layer.
    ///   - subject: The manifest that the artifact refers to; `nil` if only its tag does so.
    ///   - annotations: The manifest's annotations.
    /// - Returns: The artifact.
    public func artifact(
        _ type: String, _ content: String, about subject: Descriptor?,
        annotations: [String: String] = [:]
    ) -> BuiltImage {
        let (empty, layer) = (Array("{}".utf8), Array(content.utf8))
        var members: [JSONValue.Member] = [
            .init("artifactType", .string(type)),
            .init(
                "config",
                Self.descriptor("application/vnd.oci.empty.v1+json", .of(empty), size: empty.count)),
            .init("layers", .array([Self.descriptor(type, .of(layer), size: layer.count)])),
        ]
        if let subject { members.append(.init("subject", Self.json(subject))) }
        let root = manifest(.ociManifest, members, annotations)
        return BuiltImage(root: root, blobs: [.of(empty): empty, .of(layer): layer])
    }
}
