// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import OCI
internal import struct Synchronization.Atomic

/// One blob that is read, and written to any number of stores.
final class BlobTransfer: Sendable {
    let blob: Descriptor
    private let name: String
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
    ///   - progress: The progress of the run.
    init(of blob: Descriptor, for name: String, in progress: RunProgress) {
        self.blob = blob
        self.name = name
        self.progress = progress
    }

    /// Records a chunk of `count` bytes that ends at an offset, which is smaller if the blob is
    /// read again.
    func record(_ count: Int, endingAt end: Int) {
        position.store(end, ordering: .relaxed)
        progress.readBytes.add(count, ordering: .relaxed)
    }

    // MARK: Permits

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
    func waitForTargets() async throws {
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

    /// Opens the blob as soon as another one may be read.
    ///
    /// - Returns: The stream, which holds the permit of the source.
    /// - Throws: The error of the source, or `CancellationError`.
    func open(in source: any ContentSource) async throws -> ByteStream {
        let permit = try await source.permitToRead(blob)
        let permits = targets.withLock { $0.permits } + [permit].compactMap(\.self)
        for permit in permits { permit.start() }
        let isFirst = targets.withLock { targets in
            defer { targets.isMeasured = meter != nil }
            return !targets.isMeasured
        }
        if isFirst { meter?.begin() }
        let stream = try await source.fetch(blob: blob)
        for permit in permits { permit.respond() }
        return permit.map { PermittedStream(stream, holding: $0) } ?? stream
    }

    /// Returns the permits of the stores.
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

    var sample: ProgressSample.BlobTransfer {
        ProgressSample.BlobTransfer(
            name: name, platform: progress.platform(of: blob.digest), digest: blob.digest.short,
            readBytes: min(position.load(ordering: .relaxed), blob.size), size: blob.size)
    }
}
