// SPDX-License-Identifier: Apache-2.0

internal import Hashing
public import OCI

/// A manifest and all manifests below it, each read and verified once.
public struct ManifestGraph: Hashable, Sendable {
    /// A manifest with its bytes and its decoded value.
    public struct Node: Hashable, Sendable {
        /// The bytes with their descriptor.
        public let raw: RawManifest
        /// The decoded value.
        public let manifest: Manifest

        /// The descriptor of the manifest.
        public var descriptor: Descriptor { raw.descriptor }
    }

    /// The limits of a graph, which protect against denial of service.
    public struct Limits: Hashable, Sendable {
        /// The maximum nesting of indexes, including the root.
        public var depth = 4
        /// The maximum number of different manifests.
        public var count = 1000
        /// The maximum size of all manifests in bytes; they are kept in memory.
        public var bytes = 32 << 20
        /// The maximum number of different blobs.
        public var blobs = 50_000

        /// Creates the default limits.
        public init() {}

        /// The error for a graph that is too deep or has too many manifests.
        fileprivate var excess: ContentError {
            ContentError(
                .invalid,
                "index nested deeper than \(depth) levels or lists more than \(count) manifests")
        }
    }

    /// The root of the graph.
    public let root: Node
    /// Every manifest once, children before their parents, the root last.
    public let nodes: [Node]
    /// A Boolean value that indicates whether children of the root were not selected.
    public let isSparse: Bool
    private let positions: [Digest: Int]

    /// Creates a graph of nodes that are already in order.
    private init(root: Node, nodes: [Node], isSparse: Bool) {
        self.root = root
        self.nodes = nodes
        self.isSparse = isSparse
        self.positions = Dictionary(
            nodes.enumerated().map { ($0.element.descriptor.digest, $0.offset) }
        ) { first, _ in first }
    }

    /// Returns the node with a digest.
    public subscript(digest: Digest) -> Node? {
        positions[digest].map { nodes[$0] }
    }

    /// Every blob once, in the order of the nodes.
    public var blobs: [Descriptor] {
        nodes.flatMap { Successors(of: $0.manifest).blobs }.distinct
    }
}

extension ManifestGraph {
    /// Reads the graph below a manifest.
    ///
    /// Each digest is read once, and the children of one index concurrently; the source limits the
    /// number of concurrent requests.
    ///
    /// - Parameters:
    ///   - root: The root, already verified.
    ///   - source: The store that has its children.
    ///   - wanted: A filter of the root's children; `nil` for all.
    ///   - limits: The limits of the graph.
    /// - Returns: The graph.
    /// - Throws: ``ContentError`` of the class `invalid` for manifests that are malformed, of an
    ///   unknown kind, too deep, too many, too large together, or listed with different
    ///   descriptors; `missing` for a child that does not exist; or the error of the source.
    public static func read(
        from root: RawManifest, in source: any ContentFetcher, only wanted: Set<Digest>? = nil,
        limits: Limits = Limits()
    ) async throws -> ManifestGraph {
        let rootNode = try node(root)
        let children = Successors(of: rootNode.manifest).manifests
        func isWanted(_ child: Digest) -> Bool { wanted?.contains(child) ?? true }
        var levels: [[Node]] = [[rootNode]]
        var seen: Set<Digest> = [root.descriptor.digest]
        var bytes = root.bytes.count
        while true {
            let isFirst = levels.count == 1
            let needed = (levels.last ?? []).flatMap { Successors(of: $0.manifest).manifests }
                .filter { !isFirst || isWanted($0.digest) }
                .filter { seen.insert($0.digest).inserted }
            guard !needed.isEmpty else { break }
            guard levels.count < limits.depth, seen.count <= limits.count else {
                throw limits.excess
            }
            for descriptor in needed {
                guard descriptor.size <= limits.bytes - bytes else {
                    throw ContentError(
                        .invalid,
                        "manifests of the index larger than \(limits.bytes) bytes together")
                }
                bytes += descriptor.size
            }
            levels.append(try await read(needed, from: source))
        }
        try checkEntries(of: levels.joined(), limits)
        // Two indexes may list the same child, and one may be below the other.
        let byDigest = Dictionary(
            levels.joined().map { ($0.descriptor.digest, $0) }
        ) { first, _ in first }
        return ManifestGraph(
            root: rootNode, nodes: ordered(from: rootNode, byDigest),
            isSparse: !children.allSatisfy { isWanted($0.digest) })
    }

    /// Returns the digests of a manifest and of all manifests below it, of which only the indexes are
    /// read.
    ///
    /// - Parameters:
    ///   - root: The descriptor of the manifest.
    ///   - source: The store that has it.
    ///   - limits: The limits of the graph.
    ///   - wanted: Returns a filter of the root's children; `nil` for all.
    /// - Returns: The digests, that of the root first.
    /// - Throws: The same errors as ``read(from:in:only:limits:)``.
    public static func digests(
        below root: Descriptor, in source: any ContentFetcher, limits: Limits = Limits(),
        only wanted: (RawManifest) throws -> Set<Digest>?
    ) async throws -> [Digest] {
        var digests = [root.digest]
        var seen: Set<Digest> = [root.digest]
        var level = [root].filter(\.mediaType.isIndex)
        var depth = 1
        while !level.isEmpty {
            var children: [Descriptor] = []
            for descriptor in level {
                let index = try await source.fetch(manifest: descriptor)
                let wanted = depth == 1 ? try wanted(index) : nil
                children += Successors(of: try node(index).manifest).manifests.filter {
                    wanted?.contains($0.digest) ?? true && seen.insert($0.digest).inserted
                }
            }
            digests += children.map(\.digest)
            guard depth < limits.depth || children.isEmpty, digests.count <= limits.count else {
                throw limits.excess
            }
            level = children.filter(\.mediaType.isIndex)
            depth += 1
        }
        return digests
    }

    /// Returns the nodes that are reachable from `root`, each after its children.
    ///
    /// The path is an array instead of the call stack: a graph may nest as deep as it has
    /// manifests.
    private static func ordered(from root: Node, _ nodes: [Digest: Node]) -> [Node] {
        var ordered: [Node] = []
        var visited: Set<Digest> = [root.descriptor.digest]
        var path = [(node: root, children: Successors(of: root.manifest).manifests[...])]
        while let last = path.indices.last {
            guard let child = path[last].children.popFirst() else {
                ordered.append(path.removeLast().node)
                continue
            }
            guard let node = nodes[child.digest], visited.insert(child.digest).inserted else {
                continue
            }
            path.append((node, Successors(of: node.manifest).manifests[...]))
        }
        return ordered
    }

    /// Rejects a digest that is listed with different descriptors: only one of them was verified,
    /// and clients may use the other.
    ///
    /// The media type of a blob may differ: an empty config is sometimes a layer as well.
    private static func checkEntries(
        of nodes: some Sequence<Node>, _ limits: Limits
    ) throws(ContentError) {
        var types: [Digest: MediaType] = [:]
        var sizes: [Digest: Int] = [:]
        var blobs: Set<Digest> = []
        for node in nodes {
            let successors = Successors(of: node.manifest)
            blobs.formUnion(successors.blobs.map(\.digest))
            guard blobs.count <= limits.blobs else {
                throw ContentError(
                    .invalid, "image has more than \(limits.blobs) different blobs")
            }
            for entry in successors.manifests {
                let type = types.updateValue(entry.mediaType, forKey: entry.digest)
                guard type == nil || type == entry.mediaType else {
                    throw ContentError(
                        .invalid, "manifest \(entry.digest.short) is listed with two media types")
                }
            }
            for entry in successors.manifests + successors.blobs {
                let size = sizes.updateValue(entry.size, forKey: entry.digest)
                guard size == nil || size == entry.size else {
                    throw ContentError(
                        .invalid, "\(entry.digest.short) is listed with two sizes")
                }
            }
        }
    }

    private static func read(
        _ descriptors: [Descriptor], from source: any ContentFetcher
    ) async throws -> [Node] {
        try await withThrowingTaskGroup(of: (Int, Node).self) { group in
            for (position, descriptor) in descriptors.enumerated() {
                group.addTask {
                    let raw = try await source.fetch(manifest: descriptor)
                    // The size is part of the parent, which was verified.
                    guard raw.bytes.count == descriptor.size else {
                        throw IntegrityError.size(
                            expected: descriptor.size, actual: raw.bytes.count)
                    }
                    return (position, try node(raw))
                }
            }
            var nodes: [(Int, Node)] = []
            for try await node in group { nodes.append(node) }
            return nodes.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private static func node(_ raw: RawManifest) throws -> Node {
        guard raw.descriptor.mediaType.isIndex || raw.descriptor.mediaType.isImageManifest else {
            throw ContentError(
                .invalid,
                "manifest \(raw.descriptor.digest.short) is of the kind "
                    + "\(raw.descriptor.mediaType), which is not supported",
                hint: raw.descriptor.mediaType.isSchema1
                    ? "Docker schema 1 is deprecated; ask the publisher for a current image" : nil)
        }
        do {
            return Node(raw: raw, manifest: try raw.decoded())
        } catch {
            throw ContentError(
                .invalid, "manifest \(raw.descriptor.digest.short) cannot be read: \(error)")
        }
    }
}

/// The manifests and blobs that a manifest references and therefore needs in its repository.
///
/// No other code depends on which kind of manifest references what.
public struct Successors: Hashable, Sendable {
    /// The manifests that it lists, in order.
    public var manifests: [Descriptor] = []
    /// The blobs that it lists: the layers from the base up, then the config.
    public var blobs: [Descriptor] = []

    /// Creates the successors of `manifest`.
    ///
    /// A subject is not a successor: a manifest may be pushed before its subject.
    public init(of manifest: Manifest) {
        switch manifest {
        case .image(let image): blobs = image.layers + [image.config]
        case .index(let index):
            manifests = index.manifests.filter { !$0.mediaType.isBlobOfBuildCache }
            blobs = index.manifests.filter(\.mediaType.isBlobOfBuildCache)
        }
    }
}

extension MediaType {
    /// A Boolean value that indicates whether an index entry of this type is a blob.
    ///
    /// Source: BuildKit's registry cache is an index of layers and a config (docker/buildx#173,
    /// regclient/regclient#73).
    fileprivate var isBlobOfBuildCache: Bool {
        name.hasPrefix("application/vnd.buildkit.cacheconfig.")
            || name.hasPrefix("application/vnd.oci.image.layer.")
            || name.hasPrefix("application/vnd.docker.image.rootfs.")
    }
}

extension Sequence<Descriptor> {
    /// The descriptors without duplicate digests; the first one of each digest is kept.
    public var distinct: [Descriptor] {
        var seen: Set<Digest> = []
        return filter { seen.insert($0.digest).inserted }
    }
}
