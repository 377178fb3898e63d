// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import LayerScanning
internal import Lockfiles
internal import OCI
internal import Validation

/// The validation of an image: of its metadata at once, and of its contents as soon as its layers
/// are scanned.
struct ImageValidation: Sendable {
    private let name: String
    private let image: LoadedImage
    private let requirements: ImageRequirements
    private let scanCache: LayerScanCache
    private let transfers: BlobTransfers
    /// A Boolean value that indicates whether the rules about the contents have to run.
    private let needsContents: Bool
    /// The layers to scan, the newest first.
    let layers: [ScannableLayer]
    /// The report without the rules about the contents, unless a lock entry records their results.
    let report: ValidationReport

    /// Creates a validation and validates the metadata.
    ///
    /// - Parameters:
    ///   - name: The name of the image in the progress display.
    ///   - image: The loaded image.
    ///   - requirements: The requirements.
    ///   - scanCache: Scans layers.
    ///   - transfers: Limits the transfers of layers that are read only for the validation.
    ///   - lockEntry: A lock entry that records the validation of this digest; `nil` if the contents
    ///     have to be validated.
    init(
        of name: String, _ image: LoadedImage, _ requirements: ImageRequirements,
        scanningWith scanCache: LayerScanCache, transfers: BlobTransfers,
        validatedBy lockEntry: LockedImage? = nil
    ) {
        self.name = name
        self.image = image
        self.requirements = requirements
        self.scanCache = scanCache
        self.transfers = transfers
        var metadataRequirements = requirements
        metadataRequirements.level = min(requirements.level, .config)
        let metadata = Validator().validate(image, required: metadataRequirements)
        let hasContents = metadata.isAccepted && requirements.level >= .content
        needsContents = hasContents && lockEntry == nil
        layers = needsContents ? image.layersToScan(for: requirements) : []
        guard hasContents, let lockEntry else {
            report = metadata
            return
        }
        report = ValidationReport(
            findings: metadata.findings,
            level: lockEntry.notChecked.isEmpty ? requirements.level : metadata.level,
            notChecked: lockEntry.notChecked, platforms: metadata.platforms)
    }

    /// Scans the layers, the newest first, and completes the report.
    ///
    /// An image is valid only if all layers are; it may be known to be invalid earlier.
    ///
    /// - Parameters:
    ///   - sources: The stores for layers that were not read in this run, in order of preference.
    ///   - stopsAtFirstError: A Boolean value that indicates whether scanning a platform's layers
    ///     stops at its first error. The report may then lack other errors of the platform.
    /// - Returns: The report of all rules, and the layers that were not needed for it.
    /// - Throws: ``CopyError`` if a layer could not be read, or `CancellationError`.
    func validateContents(
        readingFrom sources: [any ContentSource], stopsAtFirstError: Bool = false
    ) async throws -> (report: ValidationReport, unscanned: Set<Digest>) {
        guard needsContents else { return (report, []) }
        return try await withThrowingTaskGroup(of: (Int, LayerScanResult).self) { group in
            var progress = ScanProgress(
                image: image, requirements: requirements, layers: layers,
                stopsAtFirstError: stopsAtFirstError)
            func startNext(
                in group: inout ThrowingTaskGroup<(Int, LayerScanResult), any Error>
            ) {
                guard let position = progress.next() else { return }
                group.addTask { (position, try await contents(of: layers[position], sources)) }
            }
            for _ in 0..<transfers.scanCount { startNext(in: &group) }
            while !progress.isFinished, let (position, result) = try await group.next() {
                progress.record(result, at: position)
                startNext(in: &group)
            }
            group.cancelAll()
            return (
                Validator().validate(progress.image, required: requirements),
                progress.unscannedDigests
            )
        }
    }

    /// Returns the contents of a layer, read from the first source that has it if necessary.
    private func contents(
        of layer: ScannableLayer, _ sources: [any ContentSource]
    ) async throws -> LayerScanResult {
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
        of layer: ScannableLayer, in source: any ContentSource
    ) async throws -> LayerScanResult {
        try await attributingErrors(to: .source, at: source.location) {
            try await scanCache.contents(of: layer) { tap in
                let transfer = BlobTransfer(
                    of: layer.descriptor, for: name, from: [source], scanningWith: tap,
                    in: transfers.progress)
                try await transfers.run(transfer) {
                    // If a copy scans the layer, this stream is not needed.
                    for try await _ in try await transfer.open() where !tap.isScanning { break }
                }
            }
        }
    }
}
