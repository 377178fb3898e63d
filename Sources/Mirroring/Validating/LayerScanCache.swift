// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
public import LayerScanning

/// Scans layers, each once in a run, and where possible while they are copied.
public final class LayerScanCache: Sendable {
    fileprivate enum Entry: Sendable {
        /// A task reads the layer only to scan it, and waits for its first bytes.
        case awaited
        /// A task scans the layer.
        case scanning
        case scanned(LayerScanResult)
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
    ///   - read: Reads the layer through the tap, as long as the tap scans it.
    /// - Returns: The contents, or the reason that they are unknown.
    /// - Throws: The error of `read`, or `CancellationError`.
    func contents(
        of layer: ScannableLayer, read: (LayerTap) async throws -> Void
    ) async throws -> LayerScanResult {
        while true {
            let known = try await state.take { state -> LayerScanResult?? in
                switch state.entries[layer] {
                case .scanned(let result): return .some(result)
                case .awaited, .scanning: return nil
                case nil:
                    state.entries[layer] = .awaited
                    return .some(nil)
                }
            }
            if let known { return known }
            defer { state.change { $0.endWait(for: layer) } }
            let (result, claim) = try await scan(layer, while: read)
            if let result { return result }
            // Otherwise, a copy received its first bytes earlier, and scans the layer.
            if claim != .lost { return .failure(.scan("the layer is incomplete")) }
        }
    }

    /// Scans a layer while `body` copies it, unless it is already scanned or being scanned.
    ///
    /// A copy may wait long for its first bytes. Until then, other tasks can scan the layer.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - body: Reads the layer through the tap, if there is one. If it does not read it to its
    ///     end, the layer is not scanned.
    /// - Throws: The error of `body`, or `CancellationError`.
    func scanning(
        _ layer: ScannableLayer, while body: (LayerTap?) async throws -> Void
    ) async throws {
        switch state.state.entries[layer] {
        case .scanning, .scanned: try await body(nil)
        case .awaited, nil: _ = try await scan(layer, while: body)
        }
    }

    /// The right to scan a layer.
    private enum Claim {
        /// No bytes have arrived yet.
        case undecided
        case held
        /// Another task scans the layer.
        case lost
    }

    /// Scans a layer if no other task does when its first bytes arrive, and records the result.
    ///
    /// A scan that is canceled or incomplete has none: the next task that needs the layer reads it
    /// again.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - body: Reads the layer through the tap.
    /// - Returns: The result, if there is one.
    /// - Throws: The error of `body`, or `CancellationError`.
    private func scan(
        _ layer: ScannableLayer, while body: (LayerTap) async throws -> Void
    ) async throws -> (result: LayerScanResult?, claim: Claim) {
        let claim = Mutex(Claim.undecided)
        let claimStream: LayerTap.Claim = { [state] in
            claim.withLock { claim in
                if claim != .held { claim = state.change { $0.claim(layer) } ? .held : .lost }
                return claim == .held
            }
        }
        var result: LayerScanResult?
        defer { if claim.withLock(\.self) == .held { state.change { $0.record(layer, result) } } }
        result = try await scanner.scan(layer, claimingWith: claimStream, while: body)
        return (result, claim.withLock(\.self))
    }
}

extension LayerScanCache.State {
    /// Claims a layer, unless it is scanned or being scanned.
    fileprivate mutating func claim(_ layer: ScannableLayer) -> Bool {
        switch entries[layer] {
        case .scanning, .scanned: return false
        case .awaited, nil:
            entries[layer] = .scanning
            return true
        }
    }

    /// Lets another task read a layer whose first bytes did not arrive.
    fileprivate mutating func endWait(for layer: ScannableLayer) {
        if case .awaited = entries[layer] { entries[layer] = nil }
    }

    /// Records the result of a scan, or removes the entry of a scan without one.
    ///
    /// A failed scan is not cached: the next image that needs the layer scans it again.
    fileprivate mutating func record(_ layer: ScannableLayer, _ result: LayerScanResult?) {
        entries[layer] =
            switch result {
            case .failure(let error) where error.isTemporary: nil
            case nil: nil
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
