// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import LayerScanning
internal import OCI

/// The copy of one image to its targets: blobs, then child manifests by digest, then the root by its
/// tag.
///
/// The last request makes the image visible. An interrupted copy leaves blobs and manifests that no
/// tag points to; the next copy finds them present. The result is the state of each
/// ``TargetCopy``: a failure at one target does not stop the others.
struct ImageCopy: Sendable {
    /// The name of the image in messages.
    let name: String
    let graph: ManifestGraph
    /// The stores to read from, in order of preference; the upstream source is the last.
    let sources: [any ContentSource]
    /// The copies to the targets, which are served concurrently.
    let targets: [TargetCopy]
    let transfers: BlobTransfers
    /// Config blobs that were read for validation and need not be fetched again.
    let configBlobs: [Digest: [UInt8]]
    /// The layers to scan while they are copied.
    let layersToScan: [Digest: ScannableLayer]
    /// Scans the layers; `nil` if there are none.
    let scanCache: LayerScanCache?
    /// The time at which the names were resolved at the targets.
    private let start: Duration

    /// The time after which a resolved tag is resolved again.
    private static let resolutionLifetime = Duration.seconds(60)

    /// Creates a copy of which nothing is sent, to targets whose names were just resolved.
    init(
        of graph: ManifestGraph, for name: String, from sources: [any ContentSource],
        to targets: [TargetCopy], transfers: BlobTransfers, configBlobs: [Digest: [UInt8]] = [:],
        scanning layers: [ScannableLayer] = [], with scanCache: LayerScanCache? = nil
    ) {
        self.graph = graph
        self.name = name
        self.sources = sources
        self.targets = targets
        self.transfers = transfers
        self.configBlobs = configBlobs
        self.layersToScan = Dictionary(layers.map { ($0.descriptor.digest, $0) }) { first, _ in
            first
        }
        self.scanCache = scanCache
        self.start = transfers.now()
    }

    /// Copies the image, reading each blob once.
    ///
    /// - Throws: `CancellationError`.
    func run() async throws {
        try await copyBlobs()
        try await pushManifests()
    }

    /// Copies every blob, the largest first, so that the run does not end with one long transfer.
    ///
    /// The probe blobs, which show how a registry reports existing blobs, go first.
    ///
    /// - Throws: `CancellationError`.
    func copyBlobs() async throws {
        for target in targets {
            try await target.readReplacedImage(orIn: sources.last, beside: graph)
        }
        guard !targets.isEmpty else { return }
        transfers.progress.expect(graph.blobs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for target in targets {
                guard let probe = target.probe else { continue }
                group.addTask { try await copy(probe, to: [target]) }
            }
            try await group.waitForAll()
            for blob in graph.blobs.sorted(by: { $0.size > $1.size }) {
                group.addTask {
                    try await copy(
                        blob, to: targets.filter { $0.probe?.digest != blob.digest })
                    transfers.progress.complete(blob)
                }
            }
            try await group.waitForAll()
        }
    }

    /// Pushes the manifests to every target that has not failed.
    ///
    /// - Throws: `CancellationError`.
    func pushManifests() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for target in targets {
                group.addTask {
                    try await target.attempt {
                        try await ManifestCopier(copy: self, target: target).push()
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// A Boolean value that indicates whether a tag was resolved so long ago that another client may
    /// have moved it.
    var mayHaveMoved: Bool { transfers.now() - start > Self.resolutionLifetime }

    /// The stores of the targets that have not failed.
    var remainingStores: [any ContentStore] {
        targets.filter { $0.failure == nil }.map(\.store)
    }
}
