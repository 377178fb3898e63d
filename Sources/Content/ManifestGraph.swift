// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A manifest and everything below it that is a manifest too, read and proved once each.
public struct ManifestGraph: Hashable, Sendable {
    /// One manifest, as bytes and as fields.
    public struct Node: Hashable, Sendable {
        /// The bytes with their descriptor.
        public let raw: RawManifest
        /// The fields.
        public let manifest: Manifest

        /// What names the manifest.
        public var descriptor: Descriptor { raw.descriptor }
    }

    /// How far a graph is followed before it counts as an attack.
    public struct Limits: Hashable, Sendable {
        /// How many levels an index may nest, itself included.
        public var depth = 4
        /// How many different manifests there may be.
        public var count = 1000
        /// How many bytes the manifests may have together: they are all held at once.
        public var bytes = 32 << 20
        /// The maximum number of different blobs.
        public var blobs = 50_000

        /// Makes the usual limits.
        public init() {}
    }

    /// The manifest that everything hangs from.
    public let root: Node
    /// Every manifest once, children before their parents, the root last.
    public let nodes: [Node]
    /// Whether children of the root were left out on purpose.
    public let isSparse: Bool
    private let positions: [Digest: Int]

    /// Makes a graph of nodes that are already in order.
    private init(root: Node, nodes: [Node], isSparse: Bool) {
        self.root = root
        self.nodes = nodes
        self.isSparse = isSparse
        self.positions = Dictionary(
            nodes.enumerated().map { ($0.element.descriptor.digest, $0.offset) }
        ) { first, _ in first }
    }

    /// Returns the node of a digest.
    public subscript(digest: Digest) -> Node? {
        positions[digest].map { nodes[$0] }
    }

    /// Every blob once, in the order in which the nodes need them.
    public var blobs: [Descriptor] {
        nodes.flatMap { Successors(of: $0.manifest).blobs }.distinct
    }
}

extension ManifestGraph {
    /// Reads the graph below a manifest.
    ///
    /// Each digest is read once, the children of one index at the same time; how many requests that
    /// makes at once is the source's affair.
    ///
    /// - Parameters:
    ///   - root: the manifest to begin with, already proved.
    ///   - source: where its children are.
    ///   - wanted: which of the root's children are read; nil for all.
    ///   - limits: when to give up.
    /// - Returns: the graph.
    /// - Throws: ``ContentError`` of the class `invalid` for manifests that are malformed, of an
    ///   unknown kind, too deep, too many, too large together, or listed in two ways; `missing` for a
    ///   child that is not there; or what the source threw.
    public static func read(
        from root: RawManifest, in source: any ContentSource, only wanted: Set<Digest>? = nil,
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
                throw ContentError(
                    .invalid,
                    "the index nests deeper than \(limits.depth) levels or lists more than "
                        + "\(limits.count) manifests")
            }
            for descriptor in needed {
                guard descriptor.size <= limits.bytes - bytes else {
                    throw ContentError(
                        .invalid,
                        "the manifests of the index are larger than \(limits.bytes) bytes together")
                }
                bytes += descriptor.size
            }
            levels.append(try await read(needed, from: source))
        }
        try checkEntries(of: levels.joined(), limits)
        // Two indexes may list the same child, and one may stand below the other: order by need.
        let byDigest = Dictionary(
            levels.joined().map { ($0.descriptor.digest, $0) }
        ) { first, _ in first }
        return ManifestGraph(
            root: rootNode, nodes: ordered(from: rootNode, byDigest),
            isSparse: !children.allSatisfy { isWanted($0.digest) })
    }

    /// Returns the nodes that can be reached from `root`, each after its children.
    ///
    /// The path is kept as a list: a graph may nest as deep as it has manifests.
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

    /// Refuses a digest that is listed in two ways: only one of them was proved, and clients may go
    /// by the other.
    ///
    /// The type of a blob may differ: an empty configuration is at times a layer too.
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
                    .invalid, "the image has more than \(limits.blobs) different blobs")
            }
            for entry in successors.manifests {
                let type = types.updateValue(entry.mediaType, forKey: entry.digest)
                guard type == nil || type == entry.mediaType else {
                    throw ContentError(
                        .invalid, "manifest \(entry.digest.short) is listed under two media types")
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
        _ descriptors: [Descriptor], from source: any ContentSource
    ) async throws -> [Node] {
        try await withThrowingTaskGroup(of: (Int, Node).self) { group in
            for (position, descriptor) in descriptors.enumerated() {
                group.addTask {
                    (position, try node(try await source.fetch(manifest: descriptor)))
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
                    + "\(raw.descriptor.mediaType), which cannot be mirrored",
                hint: raw.descriptor.mediaType.isSchema1
                    ? "schema 1 is long deprecated; ask upstream to publish the image anew" : nil)
        }
        do {
            return Node(raw: raw, manifest: try raw.decoded())
        } catch {
            throw ContentError(
                .invalid, "manifest \(raw.descriptor.digest.short) cannot be read: \(error)")
        }
    }
}
