// SPDX-License-Identifier: Apache-2.0

internal import Content
public import LayerScanning
internal import OCI
internal import AsyncPrimitives

/// Scans layers, each once in a run, and where possible while they are copied.
public final class LayerScanCache: Sendable {
    typealias Answer = Result<LayerContents, LayerScanError>

    fileprivate enum Standing: Sendable {
        case underway
        case known(Answer)
    }

    fileprivate struct Shelf: Sendable {
        var standings: [LayerScanKey: Standing] = [:]
        /// The scanned layers, the oldest first.
        var order: [LayerScanKey] = []
        var treeByteCount = 0
    }

    /// The maximum number of bytes kept for images that are processed later.
    ///
    /// Images in progress keep their results. A layer that was evicted is scanned again.
    fileprivate static let treeByteLimit = 128 << 20

    private let scanner: LayerScanner
    private let shelf = AsyncCondition(Shelf())

    /// Creates an empty cache for one run.
    public init(_ scanner: LayerScanner) {
        self.scanner = scanner
    }

    /// Returns a stream that scans the layer while it is read, unless the layer is already scanned
    /// or being scanned.
    func watching(_ stream: ByteStream, of layer: Descriptor) -> ByteStream {
        guard let key = LayerScanKey(layer) else { return stream }
        var isOurs = false
        shelf.change(waking: 0) { shelf in
            guard shelf.standings[key] == nil else { return }
            shelf.standings[key] = .underway
            isOurs = true
        }
        guard isOurs else { return stream }
        return ScannedStream(stream, by: inspection(of: key))
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
    ) async throws -> Answer {
        guard let key = LayerScanKey(layer) else {
            return .failure(.scan("it is of the type \(layer.mediaType)"))
        }
        let known = try await shelf.take { shelf -> Answer?? in
            switch shelf.standings[key] {
            case .known(let answer): return .some(answer)
            case .underway: return nil
            case nil:
                shelf.standings[key] = .underway
                return .some(nil)
            }
        }
        if let known { return known }
        let inspection = inspection(of: key)
        try await read(inspection)
        return try await inspection.answer()
    }

    private func inspection(of key: LayerScanKey) -> LayerScanSession {
        LayerScanSession(
            byteCount: key.size, begin: { [scanner] in scanner.scan(key.compression) },
            settle: { [shelf] answer in shelf.change { $0.settle(key, answer) } })
    }
}

extension LayerScanCache.Shelf {
    /// Records the result of a scan, or removes the entry if the layer was not read to its end.
    ///
    /// A failed scan says nothing about the layer: the next image that needs it scans again.
    fileprivate mutating func settle(_ key: LayerScanKey, _ answer: LayerScanCache.Answer?) {
        standings[key] =
            switch answer {
            case .failure(.scan), nil: nil
            case let answer?: .known(answer)
            }
        guard case .success(let contents) = answer else { return }
        order.append(key)
        treeByteCount += contents.tree.byteCount
        while treeByteCount > LayerScanCache.treeByteLimit, order.count > 1 {
            let oldest = order.removeFirst()
            if case .known(.success(let contents)) = standings.removeValue(forKey: oldest) {
                treeByteCount -= contents.tree.byteCount
            }
        }
    }
}
