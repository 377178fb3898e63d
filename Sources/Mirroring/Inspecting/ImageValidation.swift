// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import LayerScanning
internal import Lockfiles
internal import OCI
internal import AsyncPrimitives
internal import Validation

/// The validation of an image: of its metadata at once, and of its contents as soon as its layers
/// are scanned.
final class ImageValidation: Sendable {
    private let name: String
    private let image: LoadedImage
    private let requirements: ImageRequirements
    private let scanCache: LayerScanCache
    private let limiter: TransferLimiter
    /// The layers to scan, the newest first.
    let layers: [Descriptor]
    private let completeReport = Mutex<ValidationReport?>(nil)
    private let pendingLayers: Mutex<Set<LayerScanKey>>

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
    ///   - lockEntry: A lock entry that records the validation of this digest; `nil` if the contents
    ///     have to be validated.
    init(
        of name: String, _ image: LoadedImage, _ requirements: ImageRequirements,
        scanningWith scanCache: LayerScanCache, limitedBy limiter: TransferLimiter,
        validatedBy lockEntry: LockedImage? = nil
    ) {
        self.name = name
        self.image = image
        self.requirements = requirements
        self.scanCache = scanCache
        self.limiter = limiter
        limiter.progress.recordPlatforms(of: image)
        var metadataRequirements = requirements
        metadataRequirements.level = min(requirements.level, .config)
        metadataReport = Validator().validate(image, required: metadataRequirements)
        let needsScan =
            metadataReport.isAccepted && lockEntry == nil && requirements.level >= .content
        layers = needsScan ? image.layersToScan(for: requirements) : []
        pendingLayers = Mutex(Set(layers.compactMap(LayerScanKey.init)))
        guard !needsScan else { return }
        let notChecked = requirements.level >= .content ? lockEntry?.notChecked ?? [] : []
        let isComplete = metadataReport.isAccepted && notChecked.isEmpty
        let report = ValidationReport(
            findings: metadataReport.findings,
            level: isComplete ? requirements.level : metadataReport.level, notChecked: notChecked,
            platforms: metadataReport.platforms)
        completeReport.withLock { $0 = report }
    }

    /// The complete report, or `nil` if layers have still to be scanned.
    var report: ValidationReport? { completeReport.withLock { $0 } }

    /// The layers that were not needed for the report, or that are not scanned yet.
    var unscannedLayers: Set<Digest> { pendingLayers.withLock { Set($0.map(\.digest)) } }

    /// Scans a layer while `body` copies it; other blobs are only copied.
    ///
    /// - Throws: The error of `body`, or `CancellationError`.
    func scanning(_ blob: Descriptor, while body: (LayerTap?) async throws -> Void) async throws {
        // The graph has only the digest; the media type of the layer is in the manifest that lists
        // it.
        guard let layer = layers.first(where: { $0.digest == blob.digest }) else {
            return try await body(nil)
        }
        try await scanCache.scanning(layer, while: body)
    }

    /// Scans the layers, the newest first, and returns the complete report.
    ///
    /// An image is valid only if all layers are; it may be known to be invalid earlier.
    ///
    /// - Parameters:
    ///   - sources: The stores for layers that were not read in this run, in order of preference.
    ///   - stopsAtFirstError: A Boolean value that indicates whether scanning a platform's layers
    ///     stops at its first error. The report may then lack other errors of the platform.
    /// - Returns: The report of all rules.
    /// - Throws: ``CopyError`` if a layer could not be read, or `CancellationError`.
    func validateContents(
        readingFrom sources: [any ContentSource], stopsAtFirstError: Bool = false
    ) async throws -> ValidationReport {
        if let report { return report }
        let report = try await withThrowingTaskGroup(
            of: (Int, LayerScanCache.ScanResult).self, returning: ValidationReport.self
        ) { group in
            var progress = ScanProgress(
                image: image, requirements: requirements, layers: layers,
                stopsAtFirstError: stopsAtFirstError)
            func startNext(
                in group: inout ThrowingTaskGroup<(Int, LayerScanCache.ScanResult), any Error>
            ) {
                guard let position = progress.next() else { return }
                group.addTask {
                    (position, try await self.contents(of: self.layers[position], sources))
                }
            }
            for _ in 0..<limiter.scanCount { startNext(in: &group) }
            while !progress.isFinished, let (position, result) = try await group.next() {
                _ = pendingLayers.withLock { pending in
                    LayerScanKey(layers[position]).map { pending.remove($0) }
                }
                progress.record(result, at: position)
                startNext(in: &group)
            }
            group.cancelAll()
            return Validator().validate(progress.image, required: requirements)
        }
        completeReport.withLock { $0 = report }
        return report
    }

    private func contents(
        of layer: Descriptor, _ sources: [any ContentSource]
    ) async throws -> LayerScanCache.ScanResult {
        for source in sources.dropLast() {
            do {
                return try await contents(of: layer, in: source)
            } catch is CopyError {
                try Task.checkCancellation()
            }
        }
        guard let source = sources.last else {
            preconditionFailure("at least one source is required")
        }
        return try await contents(of: layer, in: source)
    }

    private func contents(
        of layer: Descriptor, in source: any ContentSource
    ) async throws -> LayerScanCache.ScanResult {
        try await attributingErrors(to: .source, at: source.location) {
            try await scanCache.contents(of: layer) { input in
                try await limiter.withTransfer(of: layer, for: name, isScanned: true) { transfer in
                    var end = 0
                    for try await chunk in try await transfer.open(in: source) {
                        end += chunk.count
                        transfer.record(chunk.count, endingAt: end)
                        try await input.write(chunk)
                    }
                }
            }
        }
    }
}
