// SPDX-License-Identifier: Apache-2.0

internal import Content
public import LayerScanning
internal import OCI
internal import AsyncPrimitives

/// Finds out what is in layers, each once in a run, and where it can be while their bytes pass on
/// their way elsewhere.
public final class LayerScanCache: Sendable {
    typealias Answer = Result<LayerContents, LayerScanError>

    fileprivate enum Standing: Sendable {
        case underway
        case known(Answer)
    }

    fileprivate struct Shelf: Sendable {
        var standings: [LayerScanKey: Standing] = [:]
        /// What is known, the oldest first.
        var order: [LayerScanKey] = []
        var treeByteCount = 0
    }

    /// The memory that is kept for images that are still to come.
    ///
    /// Images in hand keep what they were told; a layer that was forgotten is looked into again.
    fileprivate static let treeByteLimit = 128 << 20

    private let scanner: LayerScanner
    private let shelf = AsyncCondition(Shelf())

    /// Makes an inspector for one run.
    public init(_ scanner: LayerScanner) {
        self.scanner = scanner
    }

    /// Looks into a layer while somebody else reads it, unless that was done or is being done.
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

    /// What is in a layer: what is known, else what others find who are reading it, else what
    /// reading it tells.
    ///
    /// - Parameters:
    ///   - layer: which one.
    ///   - read: reads the layer and hands over all its bytes.
    /// - Returns: what it holds, or why that is not known.
    /// - Throws: what `read` threw, or `CancellationError`.
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
    /// Notes what became of a layer; nil where nobody read it to its end.
    ///
    /// A scan that failed is no answer about the layer: the next image that needs it tries again.
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
