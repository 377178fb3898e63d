// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
public import LayerScanning

/// Scans layers, each once in a run, and where possible while they are copied.
public final class LayerScanCache: Sendable {
    typealias ScanResult = Result<LayerContents, LayerScanError>

    fileprivate enum Entry: Sendable {
        case pending
        case scanned(ScanResult)
    }

    fileprivate struct State: Sendable {
        var entries: [ScannableLayer: Entry] = [:]
        /// The scanned layers, the oldest first.
        var order: [ScannableLayer] = []
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

    /// Returns the contents of a layer: cached, from another task's scan, or from the stream that
    /// `read` reads.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - read: Reads the layer through the tap.
    /// - Returns: The contents, or the reason that they are unknown.
    /// - Throws: The error of `read`, or `CancellationError`.
    func contents(
        of layer: ScannableLayer, read: (LayerTap) async throws -> Void
    ) async throws -> ScanResult {
        let known = try await state.take { state -> ScanResult?? in
            if case .scanned(let result)? = state.entries[layer] { return .some(result) }
            return state.claim(layer) ? .some(nil) : nil
        }
        if let known { return known }
        return try await scan(layer, isClaimed: true, while: read)
            ?? .failure(.scan("the layer is incomplete"))
    }

    /// Scans a layer while `body` copies it, unless it is already scanned or being scanned.
    ///
    /// A copy may wait long for its first byte. Until then, other tasks can scan the layer.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - body: Reads the layer through the tap, if there is one. If it does not read it to its
    ///     end, the layer is not scanned.
    /// - Throws: The error of `body`, or `CancellationError`.
    func scanning(
        _ layer: ScannableLayer, while body: (LayerTap?) async throws -> Void
    ) async throws {
        guard state.state.entries[layer] == nil else { return try await body(nil) }
        _ = try await scan(layer, isClaimed: false, while: body)
    }

    /// Scans a layer, and records the result.
    ///
    /// A scan that is canceled or incomplete has none: the next task that needs the layer reads it
    /// again.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - isClaimed: A Boolean value that indicates whether this task has claimed the layer;
    ///     otherwise it does so when the first bytes arrive, unless another task has.
    ///   - body: Reads the layer through the tap.
    /// - Returns: The result, if there is one.
    /// - Throws: The error of `body`, or `CancellationError`.
    private func scan(
        _ layer: ScannableLayer, isClaimed: Bool, while body: (LayerTap) async throws -> Void
    ) async throws -> ScanResult? {
        let isClaimed = Mutex(isClaimed)
        let claim: @Sendable () -> Bool = { [state] in
            isClaimed.withLock { isClaimed in
                if !isClaimed { isClaimed = state.change { $0.claim(layer) } }
                return isClaimed
            }
        }
        var result: ScanResult?
        defer { if isClaimed.withLock(\.self) { state.change { $0.record(layer, result) } } }
        result = try await scanner.scan(layer, beginning: claim, while: body)
        return result
    }
}

extension LayerScanCache.State {
    /// Claims a layer, unless it is scanned or being scanned.
    fileprivate mutating func claim(_ layer: ScannableLayer) -> Bool {
        guard entries[layer] == nil else { return false }
        entries[layer] = .pending
        return true
    }

    /// Records the result of a scan, or removes the entry of a scan without one.
    ///
    /// A failed scan is not cached: the next image that needs the layer scans it again.
    fileprivate mutating func record(_ layer: ScannableLayer, _ result: LayerScanCache.ScanResult?)
    {
        entries[layer] =
            switch result {
            case .failure(.scan), nil: nil
            case let result?: .scanned(result)
            }
        guard case .success(let contents) = result else { return }
        order.append(layer)
        treeByteCount += contents.tree.byteCount
        while treeByteCount > LayerScanCache.treeByteLimit, order.count > 1 {
            let oldest = order.removeFirst()
            if case .scanned(.success(let contents)) = entries.removeValue(forKey: oldest) {
                treeByteCount -= contents.tree.byteCount
            }
        }
    }
}
