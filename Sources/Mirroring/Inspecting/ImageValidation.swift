// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import LayerScanning
internal import OCI
internal import Synchronization
internal import Validation

/// The error of an image whose contents were rejected after its blobs were uploaded.
struct ImageRejected: Error {
    let report: ValidationReport
    /// The statistics of each target up to the rejection.
    var receipts: [CopyReceipt] = []
}

/// The validation of an image: of its metadata at once, and of its contents as soon as its layers
/// are scanned.
final class ImageValidation: Sendable {
    private let name: String
    private let examined: LoadedImage
    private let required: ImageRequirements
    private let inspector: LayerScanCache
    private let lanes: TransferLimiter
    /// The layers to scan, the newest first.
    let layers: [Descriptor]
    private let reached = Mutex<ValidationReport?>(nil)
    private let left: Mutex<Set<LayerScanKey>>

    /// The findings of the rules that need no layers.
    let metadataReport: ValidationReport

    /// Creates a validation and validates the metadata.
    ///
    /// - Parameters:
    ///   - name: The name of the image in the progress display.
    ///   - image: The loaded image.
    ///   - requirements: The requirements.
    ///   - scanCache: Scans layers.
    ///   - limiter: Limits the transfers of layers that are read only for the validation.
    ///   - isValidated: A Boolean value that indicates whether a lock entry records that the
    ///     contents of this digest are valid.
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

    /// The complete report, or `nil` if layers have still to be scanned.
    var report: ValidationReport? { reached.withLock { $0 } }

    /// The layers that were not needed for the report, or that are not scanned yet.
    var unread: Set<Digest> { left.withLock { Set($0.map(\.digest)) } }

    /// Returns a stream that scans the layer while it is copied.
    func watching(_ stream: ByteStream, of blob: Descriptor) -> ByteStream {
        // The graph has only the digest; the media type of the layer is in the manifest that lists
        // it.
        guard let layer = layers.first(where: { $0.digest == blob.digest }) else { return stream }
        return inspector.watching(stream, of: layer)
    }

    /// Scans the layers, the newest first, and returns the complete report.
    ///
    /// An image is valid only if all layers are; it may be known to be invalid earlier.
    ///
    /// - Parameters:
    ///   - sources: The stores for layers that were not read in this run, in order of preference.
    ///   - stopsAtFirstError: A Boolean value that indicates whether scanning stops at the first
    ///     error. The report may then lack other errors.
    /// - Returns: The report of all rules.
    /// - Throws: ``CopyError`` if a layer could not be read, or `CancellationError`.
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

    /// Validates the contents and throws an error if the image is invalid.
    ///
    /// - Throws: ``ImageRejected``, ``CopyError`` or `CancellationError`.
    func pass(reading sources: [any ContentSource]) async throws {
        let report = try await verdict(reading: sources)
        guard report.isAccepted else { throw ImageRejected(report: report) }
    }

    /// The maximum number of layers after which the rules run again to detect an error early.
    ///
    /// Each time, they check all layers of all platforms.
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
