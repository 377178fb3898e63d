// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import LayerScanning
internal import OCI
internal import struct Synchronization.Atomic

/// One blob that is read, scanned if it is a layer to validate, and written to any number of stores.
final class BlobTransfer: Sendable {
    let blob: Descriptor
    private let name: String
    /// The stores to read from, in order of preference.
    private let sources: [any ContentSource]
    /// The content of the blob if it was read before.
    private let bytes: [UInt8]?
    private let tap: LayerTap?
    private let progress: RunProgress
    private let position = Atomic<Int>(0)
    private let targets = Mutex(Targets())
    /// Measures the transfer, without its waits for permits.
    private let meter = ActivityMeter.current

    /// The stores that the blob is written to.
    private struct Targets {
        var waiting: [any ContentStore] = []
        var locations: Set<StoreLocation> = []
        var permits: [any TransferPermit] = []
        var isMeasured = false
    }

    /// Creates a transfer of which nothing has been read.
    ///
    /// - Parameters:
    ///   - blob: The blob.
    ///   - name: The name of the image in the progress display.
    ///   - sources: The stores to read from, in order of preference; the upstream source is the
    ///     last.
    ///   - bytes: The content of the blob if it was read before.
    ///   - tap: The tap through which the blob is scanned; `nil` if it is not.
    ///   - progress: The progress of the run.
    init(
        of blob: Descriptor, for name: String, from sources: [any ContentSource],
        cached bytes: [UInt8]? = nil, scanningWith tap: LayerTap? = nil, in progress: RunProgress
    ) {
        self.blob = blob
        self.name = name
        self.sources = sources
        self.bytes = bytes
        self.tap = tap
        self.progress = progress
    }

    /// A Boolean value that indicates whether the blob is scanned.
    var isScanned: Bool { tap != nil }

    // MARK: Targets

    /// Adds a store that the blob will be written to, once for all its attempts.
    func addTarget(_ store: any ContentStore) {
        targets.withLock { targets in
            guard targets.locations.insert(store.location).inserted else { return }
            targets.waiting.append(store)
        }
    }

    /// Waits until the blob may be written to all added stores.
    ///
    /// They are waited for in the same order in all transfers. Otherwise, two transfers could wait
    /// for each other.
    ///
    /// - Throws: `CancellationError`.
    private func waitForTargets() async throws {
        let stores = targets.withLock { targets in
            defer { targets.waiting = [] }
            return targets.waiting
        }
        let order = stores.sorted {
            $0.location.deduplicationScope < $1.location.deduplicationScope
        }
        for store in order {
            guard let permit = try await store.permitToWrite(blob) else { continue }
            targets.withLock { $0.permits.append(permit) }
        }
    }

    // MARK: Source

    /// Opens the blob as soon as it may be written to all added stores.
    ///
    /// - Throws: ``CopyError`` with the role of a source, as does the stream, or
    ///   `CancellationError`.
    func openForTargets() async throws -> ByteStream {
        try await waitForTargets()
        return try await open()
    }

    /// Opens the blob from memory or from the first source that has it, and scans the stream.
    ///
    /// - Throws: ``CopyError`` with the role of a source, as does the stream, or
    ///   `CancellationError`.
    func open() async throws -> ByteStream {
        let stream = try await openAgain()
        guard let tap else { return stream }
        return tap.observe(stream)
    }

    /// Opens the blob once more, for a target that did not receive the stream that is scanned.
    ///
    /// - Throws: ``CopyError`` with the role of a source, as does the stream, or
    ///   `CancellationError`.
    func openAgain() async throws -> ByteStream {
        if let bytes { return VerifiedStream(BytesInMemory(bytes), verifying: blob) }
        var last: CopyError?
        for source in sources {
            do {
                return try await openAgain(in: source)
            } catch let error as CopyError {
                // The upstream source is the last one, and its error is the relevant one.
                last = error
            }
        }
        guard let last else { preconditionFailure("at least one source is required") }
        throw last
    }

    /// Opens the blob in a store as soon as another one may be read.
    ///
    /// - Parameter source: The store to read from.
    /// - Returns: The stream, which holds the permit of the source.
    /// - Throws: ``CopyError`` with the role of a source, as does the stream, or
    ///   `CancellationError`.
    func openAgain(in source: any ContentSource) async throws -> ByteStream {
        let (stream, permit) = try await attributingErrors(to: .source, at: source.location) {
            let permit = try await source.permitToRead(blob)
            let permits = start(with: permit)
            let stream = try await source.fetch(blob: blob)
            for permit in permits { permit.respond() }
            return (stream, permit)
        }
        let counted = ObservedStream(stream) { [self] chunk, end in
            if let chunk { record(chunk.count, endingAt: end) } else { permit?.release() }
        }
        // Otherwise, a source that fails during an upload would look like a failure of the target,
        // whose request it ends.
        return ErrorMappingStream(counted) { error in
            permit?.release()
            return error is CancellationError
                ? error : CopyError(error, role: .source, at: source.location)
        }
    }

    /// Starts all permits of the transfer, which waits for no other one, and returns them.
    private func start(with permit: (any TransferPermit)?) -> [any TransferPermit] {
        let (permits, isFirst) = targets.withLock { targets in
            defer { targets.isMeasured = meter != nil }
            return (targets.permits + [permit].compactMap(\.self), !targets.isMeasured)
        }
        for permit in permits { permit.start() }
        if isFirst { meter?.begin() }
        return permits
    }

    /// Releases the permits of the stores.
    func end() {
        let (permits, isMeasured) = targets.withLock { targets in
            defer {
                targets.permits = []
                targets.isMeasured = false
            }
            return (targets.permits, targets.isMeasured)
        }
        if isMeasured { meter?.end() }
        for permit in permits { permit.release() }
    }

    // MARK: Progress

    /// Records a chunk of `count` bytes that ends at an offset, which is smaller if the blob is
    /// read again.
    func record(_ count: Int, endingAt end: Int) {
        position.store(end, ordering: .relaxed)
        progress.readBytes.add(count, ordering: .relaxed)
    }

    var sample: ProgressSample.Transfer {
        ProgressSample.Transfer(
            name: name, platform: progress.platform(of: blob.digest), digest: blob.digest.short,
            readBytes: min(position.load(ordering: .relaxed), blob.size), size: blob.size)
    }
}
