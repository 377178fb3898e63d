// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import LayerScanning
internal import OCI
internal import Synchronization
internal import Validation

/// An image that is not what it has to be, found out when its blobs were already sent.
struct ImageRejected: Error {
    let report: ValidationReport
    /// What was spent on it at each destination by then.
    var receipts: [CopyReceipt] = []
}

/// What the rules say of an image: at once of what it claims, and of its contents as soon as its
/// layers are known.
final class ImageValidation: Sendable {
    private let name: String
    private let examined: LoadedImage
    private let required: ImageRequirements
    private let inspector: LayerScanCache
    private let lanes: TransferLimiter
    /// What has to be looked into, the newest layers first.
    let layers: [Descriptor]
    private let reached = Mutex<ValidationReport?>(nil)
    private let left: Mutex<Set<LayerScanKey>>

    /// What the rules say that need no layers.
    let metadataReport: ValidationReport

    /// Begins with the claims.
    ///
    /// - Parameters:
    ///   - name: the image, as people know it.
    ///   - examined: the same, as it was read.
    ///   - required: what it has to be.
    ///   - inspector: looks into layers.
    ///   - lanes: places for layers that are read for the judgement alone.
    ///   - isValidated: whether a lock says already of these bytes that their contents are as required.
    init(
        of name: String, _ examined: LoadedImage, _ required: ImageRequirements,
        _ inspector: LayerScanCache,
        _ lanes: TransferLimiter, isValidated: Bool = false
    ) {
        self.name = name
        self.examined = examined
        self.required = required
        self.inspector = inspector
        self.lanes = lanes
        var claims = required
        claims.level = min(required.level, .config)
        metadataReport = Validator().validate(examined, required: claims)
        let isOpen = metadataReport.isAccepted && !isValidated && required.level >= .content
        layers = isOpen ? examined.layersToScan(for: required) : []
        left = Mutex(Set(layers.compactMap(LayerScanKey.init)))
        guard !isOpen else { return }
        let level = metadataReport.isAccepted ? required.level : metadataReport.level
        let report = ValidationReport(
            findings: metadataReport.findings, level: level, platforms: metadataReport.platforms)
        reached.withLock { $0 = report }
    }

    /// What all rules say; nil as long as the layers are not known.
    var report: ValidationReport? { reached.withLock { $0 } }

    /// The layers that the verdict did not need, or does not have yet.
    var unread: Set<Digest> { left.withLock { Set($0.map(\.digest)) } }

    /// Has a layer looked into while it is read for the copy.
    func watching(_ stream: ByteStream, of blob: Descriptor) -> ByteStream {
        // The graph knows a blob by its digest; what it is, the manifest says that lists it.
        guard let layer = layers.first(where: { $0.digest == blob.digest }) else { return stream }
        return inspector.watching(stream, of: layer)
    }

    /// Waits for the verdict on the contents, the newest layers first.
    ///
    /// Only the whole image shows that it can be accepted; that it cannot is often known before.
    ///
    /// - Parameters:
    ///   - sources: where layers are read that nobody has read in this run, the place to ask first at
    ///     the front.
    ///   - isBrief: whether nothing more is read once the image is refused; the report then names the
    ///     first reason, not all of them.
    /// - Returns: what all rules say.
    /// - Throws: ``CopyError`` where a layer could not be read, or `CancellationError`.
    func verdict(
        reading sources: [any ContentSource], isBrief: Bool = false
    ) async throws -> ValidationReport {
        if let report { return report }
        let report = try await withThrowingTaskGroup(
            of: (Descriptor, LayerScanCache.Answer).self, returning: ValidationReport.self
        ) { group in
            var image = examined
            var report = metadataReport
            var (waiting, count) = (layers[...], 0)
            func startNext(
                in group: inout ThrowingTaskGroup<(Descriptor, LayerScanCache.Answer), any Error>
            ) {
                guard let layer = waiting.popFirst() else { return }
                group.addTask { (layer, try await self.contents(of: layer, sources)) }
            }
            for _ in 0..<lanes.count { startNext(in: &group) }
            while report.isAccepted || !isBrief, let (layer, answer) = try await group.next() {
                image.note(answer, of: layer)
                _ = left.withLock { left in LayerScanKey(layer).map { left.remove($0) } }
                count += 1
                if isBrief, count <= Self.earlyVerdicts {
                    report = Validator().validate(image, required: required)
                }
                startNext(in: &group)
            }
            group.cancelAll()
            return Validator().validate(image, required: required)
        }
        reached.withLock { $0 = report }
        return report
    }

    /// The same, refusing an image that is not accepted.
    ///
    /// - Throws: also ``ImageRejected``.
    func pass(reading sources: [any ContentSource]) async throws {
        let report = try await verdict(reading: sources)
        guard report.isAccepted else { throw ImageRejected(report: report) }
    }

    /// After how many layers at most the rules are asked whether the verdict is known already: each
    /// time they look at all layers of all platforms.
    private static let earlyVerdicts = 64

    private func contents(
        of layer: Descriptor, _ sources: [any ContentSource]
    ) async throws -> LayerScanCache.Answer {
        for source in sources.dropLast() {
            do {
                return try await contents(of: layer, in: source)
            } catch is CopyError {
                try Task.checkCancellation()
            }
        }
        guard let source = sources.last else {
            preconditionFailure("layers are read from somewhere")
        }
        return try await contents(of: layer, in: source)
    }

    private func contents(
        of layer: Descriptor, in source: any ContentSource
    ) async throws -> LayerScanCache.Answer {
        try await at(.source, source.location) {
            try await inspector.contents(of: layer) { inspection in
                try await lanes.withPlace(for: layer, of: name) { transfer in
                    var end = 0
                    for try await piece in try await source.fetch(blob: layer) {
                        end += piece.count
                        transfer.note(piece.count, endingAt: end)
                        try await inspection.take(piece)
                    }
                }
            }
        }
    }
}
