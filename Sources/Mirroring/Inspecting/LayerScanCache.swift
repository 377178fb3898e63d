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

    /// Returns a stream that scans the layer while it is read, unless the layer is already scanned
    /// or being scanned.
    func scanning(_ stream: ByteStream, of layer: Descriptor) -> ByteStream {
        guard let key = LayerScanKey(layer) else { return stream }
        let isClaimed = state.change { state in
            guard state.entries[key] == nil else { return false }
            state.entries[key] = .pending
            return true
        }
        guard isClaimed else { return stream }
        return ScannedStream(stream, by: session(for: key))
    }

    /// Returns the contents of a layer: cached, from another task's scan, or from a scan of the
    /// bytes that `read` supplies.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - read: Reads the layer and writes all its bytes to the session.
    /// - Returns: The contents, or the reason that they are unknown.
    /// - Throws: The error of `read`, or `CancellationError`.
    func contents(
        of layer: Descriptor, read: (LayerScanSession) async throws -> Void
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
        let session = session(for: key)
        try await read(session)
        return try await session.result()
    }

    private func session(for key: LayerScanKey) -> LayerScanSession {
        LayerScanSession(
            byteCount: key.size, start: { [scanner] in scanner.scan(key.compression) },
            complete: { [state] result in state.change { $0.record(key, result) } })
    }
}

extension LayerScanCache.State {
    /// Records the result of a scan, or removes the entry if the layer was not read to its end.
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
