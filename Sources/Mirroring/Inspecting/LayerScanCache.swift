// SPDX-License-Identifier: Apache-2.0

internal import Content
public import LayerScanning
internal import OCI
internal import AsyncPrimitives

/// Scans layers, each once in a run, and where possible while they are copied.
public final class LayerScanCache: Sendable {
    typealias ScanResult = Result<LayerContents, LayerScanError>

    fileprivate enum Entry: Sendable {
        case pending
        case scanned(ScanResult)
    }

    fileprivate struct State: Sendable {
        var entries: [LayerScanKey: Entry] = [:]
        /// The scanned layers, the oldest first.
        var order: [LayerScanKey] = []
        var treeByteCount = 0
    }

    /// The maximum number of bytes kept for images that are processed later.
    ///
    /// Images in progress keep their results. A layer that was evicted is scanned again.
    fileprivate static let treeByteLimit = 128 << 20

    private let scanner: LayerScanner
    private let state = AsyncCondition(State())

    /// Creates an empty cache for one run.
    public init(_ scanner: LayerScanner) {
        self.scanner = scanner
    }

    /// Returns the contents of a layer: cached, from another task's scan, or from a scan of the
    /// bytes that `read` supplies.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - read: Reads the layer and writes all its bytes to the input.
    /// - Returns: The contents, or the reason that they are unknown.
    /// - Throws: The error of `read`, or `CancellationError`.
    func contents(
        of layer: Descriptor, read: (LayerInput) async throws -> Void
    ) async throws -> ScanResult {
        guard let key = LayerScanKey(layer) else {
            return .failure(.scan("unsupported media type \(layer.mediaType)"))
        }
        let known = try await state.take { state -> ScanResult?? in
            switch state.entries[key] {
            case .scanned(let result): return .some(result)
            case .pending: return nil
            case nil:
                state.entries[key] = .pending
                return .some(nil)
            }
        }
        if let known { return known }
        return try await recording(key) { try await scanner.scan(key, reading: read) }
    }

    /// Scans a layer while `body` reads it, unless it is already scanned or being scanned.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - body: Reads the layer through the tap. If it does not read it completely, the layer is
    ///     not scanned.
    /// - Throws: The error of `body`, or `CancellationError`.
    func scanning(
        _ layer: Descriptor, while body: (LayerTap?) async throws -> Void
    ) async throws {
        guard let key = LayerScanKey(layer) else { return try await body(nil) }
        let tap = LayerTap(byteCount: key.size)
        async let scans: Void = scan(key, from: tap)
        try await body(tap)
        tap.end()
        try await scans
    }

    private func scan(_ key: LayerScanKey, from tap: LayerTap) async throws {
        while let input = try await tap.next() {
            let isClaimed = state.change { state in
                guard state.entries[key] == nil else { return false }
                state.entries[key] = .pending
                return true
            }
            guard isClaimed else {
                input.abandon()
                continue
            }
            do {
                _ = try await recording(key) { try await scanner.scan(key, from: input) }
            } catch {
                // The stream was abandoned, and another one may follow.
                try Task.checkCancellation()
            }
        }
    }

    /// Runs the scan of a layer that this task has claimed, and records its result.
    ///
    /// A canceled scan has none: the next task that needs the layer reads it again.
    private func recording(
        _ key: LayerScanKey, _ scan: () async throws -> ScanResult
    ) async throws -> ScanResult {
        do {
            let result = try await scan()
            state.change { $0.record(key, result) }
            return result
        } catch {
            state.change { $0.record(key, nil) }
            throw error
        }
    }
}

extension LayerScanCache.State {
    /// Records the result of a scan, or removes the entry of a scan without one.
    ///
    /// A failed scan is not cached: the next image that needs the layer scans it again.
    fileprivate mutating func record(_ key: LayerScanKey, _ result: LayerScanCache.ScanResult?) {
        entries[key] =
            switch result {
            case .failure(.scan), nil: nil
            case let result?: .scanned(result)
            }
        guard case .success(let contents) = result else { return }
        order.append(key)
        treeByteCount += contents.tree.byteCount
        while treeByteCount > LayerScanCache.treeByteLimit, order.count > 1 {
            let oldest = order.removeFirst()
            if case .scanned(.success(let contents)) = entries.removeValue(forKey: oldest) {
                treeByteCount -= contents.tree.byteCount
            }
        }
    }
}
