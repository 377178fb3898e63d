// SPDX-License-Identifier: Apache-2.0

public import Content
public import LayerScanning
public import OCI
internal import StrictJSON

/// An image with everything that rules look at: the manifests, and the configurations of its platforms.
public struct LoadedImage: Sendable {
    /// One image that a machine could run.
    public struct PlatformImage: Hashable, Sendable {
        /// The platform that the index promises, or nil where no index speaks of it.
        public let promised: Platform?
        /// What names the image's manifest.
        public let descriptor: Descriptor
        /// The manifest.
        public let manifest: ImageManifest
        /// The configuration, where it was read and could be understood.
        public internal(set) var config: ImageConfig?
        /// Why the configuration could not be understood.
        public internal(set) var configProblem: String?

        init(promised: Platform?, descriptor: Descriptor, manifest: ImageManifest) {
            self.promised = promised
            self.descriptor = descriptor
            self.manifest = manifest
        }

        /// The platform that counts: what the index promises, else what the configuration says.
        public var platform: Platform? { promised ?? config?.platform }

        /// Whether the rules of a requirement look at this image's configuration.
        fileprivate func needsConfig(for required: ImageRequirements) -> Bool {
            guard !required.isArtifact, manifest.config.mediaType.isImageConfig else {
                return false
            }
            guard let promised else { return true }
            return required.level >= .config
                && required.effectivePlatforms.contains { $0.matches(promised) }
        }
    }

    /// The manifests.
    public let graph: ManifestGraph
    /// The runnable images, in the index's order.
    public let images: [PlatformImage]
    /// The configurations that were read, as proved bytes.
    public let configBytes: [Digest: [UInt8]]
    /// What is in the layers that were looked into, or why it is not known.
    private var layers: [LayerScanKey: Result<LayerContents, LayerScanError>] = [:]
    /// The memory that the paths of these layers occupy.
    private var treeByteCount = 0
    /// What looking up paths in the image may take.
    var lookupBudget = LookupBudget()

    /// The memory that the paths of all layers of an image may occupy; that of one is limited by its
    /// scan.
    public static let treeByteLimit = 256 << 20

    /// Reads what the rules of a requirement look at.
    ///
    /// Configurations are read from the level `config` up for the required platforms, and always
    /// for images of which no index says the platform. Attestations are no images.
    ///
    /// - Throws: `ContentError` of the class `invalid` for an index that lists too many images, or too
    ///   large configurations; or what the source threw.
    public init(
        _ graph: ManifestGraph, in source: any ContentSource, required: ImageRequirements
    ) async throws {
        self.graph = graph
        var list = PlatformImageList(graph)
        try list.add(graph.root, promised: nil)
        var images = list.images
        let wanted = images.filter { $0.needsConfig(for: required) }.map(\.manifest.config)
        self.configBytes = try await Self.read(wanted, from: source)
        for position in images.indices where images[position].needsConfig(for: required) {
            guard let bytes = configBytes[images[position].manifest.config.digest] else {
                images[position].configProblem = "it is larger than 4 MiB"
                continue
            }
            do {
                images[position].config = try ImageConfig(bytes: bytes)
            } catch {
                images[position].configProblem = error.description
            }
        }
        self.images = images
    }

    /// The layers that the rules of a requirement have to look into, each once, the newest of every
    /// image first: what is started is rather there than in the base.
    public func layersToScan(for required: ImageRequirements) -> [Descriptor] {
        guard required.level >= .content, !required.isArtifact else { return [] }
        let stacks = images(of: required).filter { $0.config != nil }
            .map { Array($0.manifest.layers.reversed()) }
        var seen: Set<LayerScanKey> = []
        return (0..<(stacks.map(\.count).max() ?? 0)).flatMap { depth in
            stacks.compactMap { $0.indices.contains(depth) ? $0[depth] : nil }
        }.filter { layer in LayerScanKey(layer).map { seen.insert($0).inserted } ?? false }
    }

    /// Returns what is in a layer, or why it is not known; nil for one that was not looked into.
    public func contents(of layer: Descriptor) -> Result<LayerContents, LayerScanError>? {
        LayerScanKey(layer).flatMap { layers[$0] }
    }

    /// Notes what is in a layer, or why it is not known.
    ///
    /// Where all layers together have too many paths, none of them is looked into: so the answer does
    /// not depend on which came first.
    public mutating func note(
        _ contents: Result<LayerContents, LayerScanError>, of layer: Descriptor,
        limit: Int = treeByteLimit
    ) {
        guard let key = LayerScanKey(layer) else { return }
        layers[key] = contents
        treeByteCount += (try? contents.get())?.tree.byteCount ?? 0
        guard treeByteCount > limit else { return }
        layers = layers.mapValues { $0.flatMap { _ in .failure(.limit(.imagePaths)) } }
    }

    /// Whether a layer was not looked into for reasons that are not its own.
    var hasLostScans: Bool {
        layers.values.contains { if case .failure(.scan) = $0 { true } else { false } }
    }

    /// The images of the platforms that are required.
    func images(of required: ImageRequirements) -> [PlatformImage] {
        images.filter { image in
            image.platform.map { platform in
                required.effectivePlatforms.contains { $0.matches(platform) }
            } ?? false
        }
    }

    /// The maximum size of all image configs together, which are held in memory.
    private static let maximumConfigBytes = 64 << 20

    private static func read(
        _ configs: [Descriptor], from source: any ContentSource
    ) async throws -> [Digest: [UInt8]] {
        let configs = configs.distinct.filter { $0.size <= ImageConfig.maximumSize }
        guard configs.reduce(0, { $0 + $1.size }) <= maximumConfigBytes else {
            throw ContentError(
                .invalid,
                "the image configs are larger than \(maximumConfigBytes) bytes together")
        }
        return try await withThrowingTaskGroup(of: (Digest, [UInt8]).self) { group in
            for config in configs {
                group.addTask {
                    let bytes = try await source.read(blob: config, limit: ImageConfig.maximumSize)
                    return (config.digest, bytes)
                }
            }
            var read: [Digest: [UInt8]] = [:]
            for try await (digest, bytes) in group { read[digest] = bytes }
            return read
        }
    }

    /// Whether an index entry is a build's attestation, which is copied but never run.
    ///
    /// Source: BuildKit's attestation storage (`vnd.docker.reference.type`).
    public static func isAttestation(_ entry: Descriptor) -> Bool {
        entry.platform?.isUnknown == true
            || entry.annotations["vnd.docker.reference.type"] == "attestation-manifest"
    }
}
