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
        var standings: [Digest: Standing] = [:]
        /// What is known, the oldest first.
        var order: [Digest] = []
        var pathCount = 0
    }

    /// How many paths are remembered for images that are still to come.
    ///
    /// Images in hand keep what they were told; a layer that was forgotten is looked into again.
    fileprivate static let room = 2_000_000

    private let scanner: LayerScanner
    private let shelf = AsyncCondition(Shelf())

    /// Makes an inspector for one run.
    public init(_ scanner: LayerScanner) {
        self.scanner = scanner
    }

    /// Looks into a layer while somebody else reads it, unless that was done or is being done.
    func watching(_ stream: ByteStream, of layer: Descriptor) -> ByteStream {
        guard let compression = LayerCompression(layer.mediaType) else { return stream }
        var isOurs = false
        shelf.change(waking: 0) { shelf in
            guard shelf.standings[layer.digest] == nil else { return }
            shelf.standings[layer.digest] = .underway
            isOurs = true
        }
        guard isOurs else { return stream }
        return ScannedStream(stream, by: inspection(of: layer, compression))
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
        guard let compression = LayerCompression(layer.mediaType) else {
            return .failure(.scan("it is of the type \(layer.mediaType)"))
        }
        let known = try await shelf.take { shelf -> Answer?? in
            switch shelf.standings[layer.digest] {
            case .known(let answer): return .some(answer)
            case .underway: return nil
            case nil:
                shelf.standings[layer.digest] = .underway
                return .some(nil)
            }
        }
        if let known { return known }
        let inspection = inspection(of: layer, compression)
        try await read(inspection)
        return await inspection.finish()
    }

    private func inspection(
        of layer: Descriptor, _ compression: LayerCompression
    ) -> LayerScanSession {
        LayerScanSession(
            byteCount: layer.size, begin: { [scanner] in scanner.scan(compression) },
            settle: { [shelf] answer in shelf.change { $0.settle(layer.digest, answer) } })
    }
}

extension LayerScanCache.Shelf {
    /// Notes what became of a layer; nil where nobody read it to its end.
    fileprivate mutating func settle(_ digest: Digest, _ answer: LayerScanCache.Answer?) {
        standings[digest] = answer.map { .known($0) }
        guard case .success(let contents) = answer else { return }
        order.append(digest)
        pathCount += contents.tree.pathCount
        while pathCount > LayerScanCache.room, order.count > 1 {
            let oldest = order.removeFirst()
            if case .known(.success(let contents)) = standings.removeValue(forKey: oldest) {
                pathCount -= contents.tree.pathCount
            }
        }
    }
}
