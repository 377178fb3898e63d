// SPDX-License-Identifier: Apache-2.0

public import Content
public import LayerScanning
public import OCI
internal import StrictJSON

/// An image with everything that rules require: the manifests, and the configs of its platforms.
public struct LoadedImage: Sendable {
    /// The image of one platform.
    public struct PlatformImage: Hashable, Sendable {
        /// The platform of the index entry, or `nil` if no index entry states one.
        public let declared: Platform?
        /// The descriptor of the image's manifest.
        public let descriptor: Descriptor
        /// The manifest.
        public let manifest: ImageManifest
        /// The config, if it was read and decoded.
        public internal(set) var config: ImageConfig?
        /// The reason why the config could not be decoded.
        public internal(set) var configProblem: String?

        init(declared: Platform?, descriptor: Descriptor, manifest: ImageManifest) {
            self.declared = declared
            self.descriptor = descriptor
            self.manifest = manifest
        }

        /// The platform of the index entry, or else of the config.
        public var platform: Platform? { declared ?? config?.platform }

        /// Returns whether the rules require this image's config.
        fileprivate func needsConfig(for required: ImageRequirements) -> Bool {
            guard !required.isArtifact, manifest.config.mediaType.isImageConfig else {
                return false
            }
            guard let declared else { return true }
            return required.level >= .config
                && required.effectivePlatforms.contains { $0.matches(declared) }
        }
    }

    /// The manifests of the image.
    public let graph: ManifestGraph
    /// The runnable images, in the order of the index.
    public let images: [PlatformImage]
    /// The bytes of the configs that were read, verified against their digests.
    public let configBytes: [Digest: [UInt8]]
    /// The contents of the scanned layers, or their scan errors.
    private var layers: [ScannableLayer: LayerScanResult] = [:]
    /// The memory that the paths of these layers occupy.
    private var treeByteCount = 0

    /// The maximum memory that the paths of all layers of an image may occupy.
    ///
    /// A scan limits the paths of each layer.
    public static let treeByteLimit = 256 << 20

    /// Reads what the rules require.
    ///
    /// Configs are read from the level `config` for the required platforms, and always for images
    /// whose platform no index entry states. Attestation manifests are skipped.
    ///
    /// - Throws: `ContentError` of the class `invalid` for an index that lists too many images, or
    ///   too large configs; or the error of the source.
    public init(
        _ graph: ManifestGraph, in source: any ContentFetcher, required: ImageRequirements
    ) async throws {
        self.graph = graph
        var images = try graph.platformImages()
        let wanted = images.filter { $0.needsConfig(for: required) }.map(\.manifest.config)
        self.configBytes = try await Self.read(wanted, from: source)
        for position in images.indices where images[position].needsConfig(for: required) {
            guard let bytes = configBytes[images[position].manifest.config.digest] else {
                images[position].configProblem = "larger than 4 MiB"
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

    /// Returns the layers that the rules require to be scanned, each once.
    ///
    /// The top layers of all images come first, because they usually contain the entrypoint.
    ///
    /// - Parameters:
    ///   - required: The requirements of the image.
    ///   - rejected: Platforms whose images need not be scanned any further.
    /// - Returns: The layers.
    public func layersToScan(
        for required: ImageRequirements, except rejected: Set<Platform> = []
    ) -> [ScannableLayer] {
        guard required.level >= .content, !required.isArtifact else { return [] }
        let stacks = images(of: required)
            .filter { $0.config != nil && !($0.platform.map(rejected.contains) ?? false) }
            .map { Array($0.manifest.layers.reversed()) }
        var seen: Set<ScannableLayer> = []
        return (0..<(stacks.map(\.count).max() ?? 0)).flatMap { depth in
            stacks.compactMap { $0.indices.contains(depth) ? ScannableLayer($0[depth]) : nil }
        }.filter { seen.insert($0).inserted }
    }

    /// Returns the contents of a layer, or its scan error; `nil` if it was not scanned.
    public func contents(of layer: Descriptor) -> LayerScanResult? {
        ScannableLayer(layer).flatMap { layers[$0] }
    }

    /// Records the contents of a layer, or its scan error.
    ///
    /// If the paths of all layers exceed `limit`, all layers count as not scanned, so that the
    /// result does not depend on the order of the scans.
    public mutating func record(
        _ contents: LayerScanResult, of layer: ScannableLayer,
        limit: Int = treeByteLimit
    ) {
        layers[layer] = contents
        treeByteCount += (try? contents.get())?.tree.byteCount ?? 0
        guard treeByteCount > limit else { return }
        layers = layers.mapValues { $0.flatMap { _ in .failure(.limit(.imagePaths)) } }
    }

    /// A Boolean value that indicates whether a scan failed for a reason other than the layer's
    /// content.
    var hasFailedScans: Bool {
        layers.values.contains {
            if case .failure(let error) = $0 { error.isTemporary } else { false }
        }
    }

    /// Returns the images of the required platforms.
    func images(of required: ImageRequirements) -> [PlatformImage] {
        images.filter { image in
            image.platform.map { platform in
                required.effectivePlatforms.contains { $0.matches(platform) }
            } ?? false
        }
    }

    /// The maximum size of all image configs together, which are kept in memory.
    private static let maximumConfigBytes = 64 << 20

    private static func read(
        _ configs: [Descriptor], from source: any ContentFetcher
    ) async throws -> [Digest: [UInt8]] {
        let configs = configs.distinct.filter { $0.size <= ImageConfig.maximumSize }
        guard configs.reduce(0, { $0 + $1.size }) <= maximumConfigBytes else {
            throw ContentError(
                .invalid,
                "image configs larger than \(maximumConfigBytes) bytes together")
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

    /// Returns whether an index entry is an attestation manifest, which is copied but never run.
    ///
    /// Source: BuildKit's attestation storage (`vnd.docker.reference.type`).
    public static func isAttestation(_ entry: Descriptor) -> Bool {
        entry.platform?.isUnknown == true
            || entry.annotations["vnd.docker.reference.type"] == "attestation-manifest"
    }
}

extension ManifestGraph {
    /// The maximum number of entries and layers that are visited.
    ///
    /// Indexes that list one another repeatedly can list far more images than there are manifests,
    /// and the rules visit every layer of every image.
    private static let maximumVisits = 20_000

    /// A manifest with a platform; duplicates are skipped.
    private struct Listing: Hashable {
        let digest: Digest
        let platform: Platform?
    }

    /// Returns the runnable images, in the order of the indexes.
    ///
    /// The platform of an index entry applies to everything below it.
    ///
    /// - Throws: `ContentError` of the class `invalid` if there are too many.
    fileprivate func platformImages() throws(ContentError) -> [LoadedImage.PlatformImage] {
        var images: [LoadedImage.PlatformImage] = []
        var seen: Set<Listing> = []
        // A stack: the next node is the last element, in the order of the listing.
        var stack: [(node: Node, declared: Platform?)] = [(root, nil)]
        var visitedCount = 0
        while let (node, declared) = stack.popLast() {
            guard
                seen.insert(Listing(digest: node.descriptor.digest, platform: declared)).inserted
            else { continue }
            switch node.manifest {
            case .image(let manifest):
                visitedCount += manifest.layers.count
                images.append(
                    LoadedImage.PlatformImage(
                        declared: declared, descriptor: node.descriptor, manifest: manifest))
            case .index(let index):
                visitedCount += index.manifests.count
                for entry in index.manifests.reversed() where !LoadedImage.isAttestation(entry) {
                    guard let child = self[entry.digest] else { continue }
                    stack.append((child, entry.platform ?? declared))
                }
            }
            guard visitedCount <= Self.maximumVisits else {
                throw ContentError(
                    .invalid, "index lists more than \(Self.maximumVisits) images and layers")
            }
        }
        return images
    }
}
