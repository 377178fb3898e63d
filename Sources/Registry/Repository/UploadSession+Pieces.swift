// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import Synchronization

extension UploadSession {
    /// Sends the blob piece by piece, and returns where the session goes on.
    ///
    /// One piece is all of a blob that is held in memory. A registry that kept less of one than it
    /// was sent gets the rest; one that lost the answer, or disagrees about the order, is asked how
    /// far it is.
    ///
    /// Source: distribution-spec § Pushing a blob in chunks.
    func sendPieces(to url: HTTPURL) async throws -> HTTPURL {
        var pieces = try await ChunkReader(open, size: pieceSize.value)
        var place = url
        var attempt = 1
        var start = repository.client.retrier.time.now()
        while let piece = try await pieces.current() {
            let end: Int?
            do {
                let reply = try await send(piece, at: pieces.offset, to: place)
                place = try location(of: reply, operation(.uploadPatch)) ?? place
                end = UploadRange.end(reply.fields["range"])
            } catch let error as RegistryError where error.status == 416 || error.isTransient {
                attempt += 1
                place = try await status(
                    of: place, after: error, attempt, since: start, &pieces)
                continue
            }
            attempt = 1
            start = repository.client.retrier.time.now()
            // Without the field, the answer means all of it; Amazon's keeps its first value.
            let kept = end.map { $0 + 1 - pieces.offset } ?? piece.count
            pieces.drop(kept > 0 && kept < piece.count ? kept : piece.count)
        }
        return place
    }

    private func send(_ piece: [UInt8], at offset: Int, to place: HTTPURL) async throws
        -> RegistryResponse
    {
        try await repository.client.sendOnce(
            RegistryRequest(
                operation: operation(.uploadPatch), method: .patch, url: place,
                fields: [
                    "Content-Type": "application/octet-stream",
                    "Content-Range": "\(offset)-\(offset + piece.count - 1)",
                ], body: .bytes(piece), accepted: [200, 201, 202, 204], isBulk: true,
                firstByte: .commit))
    }

    /// Asks a session how far it is, and goes on from there.
    ///
    /// - Returns: where the session goes on.
    private func status(
        of place: HTTPURL, after failure: RegistryError, _ attempt: Int, since start: Duration,
        _ pieces: inout ChunkReader
    ) async throws -> HTTPURL {
        let retrier = repository.client.retrier
        let isWorthIt =
            failure.isTransient
            ? try await retrier.waits(attempt: attempt - 1, since: start, for: failure)
            : attempt <= retrier.policy.maximumAttempts
        guard isWorthIt else { throw failure }
        let call = RegistryRequest(
            operation: operation(.uploadPatch), method: .get, url: place, accepted: [200, 204])
        let reply = try await repository.client.send(call) { $0 }
        // docker-registry writes 0-0 of a session that has nothing.
        let there = UploadRange.end(reply.fields["range"]).map { $0 == 0 ? 0 : $0 + 1 } ?? 0
        guard pieces.goOn(at: there) else {
            // What is there is not what was sent: the session is worth nothing.
            throw RegistryError(
                .unavailable, operation(.uploadPatch),
                "the registry has \(there) bytes, and piece by piece \(pieces.offset) were sent",
                outcome: RetryPolicy.Outcome(event: .transport(.interrupted)))
        }
        return try location(of: reply, operation(.uploadPatch)) ?? place
    }
}

/// Cuts a stream into pieces and knows which one is due.
struct ChunkReader {
    private var source: any AsyncIteratorProtocol<[UInt8], any Error>
    private let size: Int
    private var waiting: [UInt8] = []
    private var isOver = false
    /// How many bytes came before the piece that is due.
    private(set) var offset = 0

    init(_ open: @Sendable () async throws -> ByteStream, size: Int) async throws {
        do {
            source = try await open().makeAsyncIterator()
        } catch {
            throw UploadSourceError(cause: error)
        }
        self.size = size
    }

    /// Returns the piece that is due; nil at the end.
    mutating func current() async throws -> [UInt8]? {
        do {
            while waiting.count < size, !isOver {
                if let bytes = try await source.next(isolation: #isolation) {
                    waiting += bytes
                } else {
                    isOver = true
                }
            }
        } catch {
            throw UploadSourceError(cause: error)
        }
        return waiting.isEmpty ? nil : Array(waiting.prefix(size))
    }

    /// Leaves bytes behind that have arrived.
    mutating func drop(_ count: Int) {
        waiting.removeFirst(count)
        offset += count
    }

    /// Goes on at an offset, if it lies in what is at hand.
    mutating func goOn(at position: Int) -> Bool {
        guard (offset...offset + waiting.count).contains(position) else { return false }
        drop(position - offset)
        return true
    }
}

/// How large pieces are: as large as a registry wants them at least.
final class ChunkSize: Sendable {
    /// As many bytes as Azure's own clients send.
    static let usual = 4 << 20
    /// The largest piece that a registry is granted.
    static let largest = 32 << 20

    private let size = Mutex(usual)

    /// The size in bytes.
    var value: Int { size.withLock { $0 } }

    /// Takes note of what an answer asks for; too much is not granted, and fails when it is sent.
    ///
    /// Source: distribution-spec § Pushing a blob in chunks, `OCI-Chunk-Min-Length`.
    func note(_ fields: HTTPFields) {
        guard let least = fields["oci-chunk-min-length"].flatMap(Int.init) else { return }
        size.withLock { $0 = min(max($0, least), Self.largest) }
    }
}

/// The `Range` field of an upload session: `0-1023`.
///
/// Source: distribution-spec § Pushing a blob in chunks; unlike RFC 9110's it names no unit, though
/// some registries write `bytes=`.
enum UploadRange {
    /// Returns the offset of the last byte that is there, which is less than the largest size of a
    /// blob; nil where the field is absent or malformed.
    static func end(_ text: String?) -> Int? {
        guard var range = text?[...] else { return nil }
        for unit in ["bytes=", "bytes "] where range.hasPrefix(unit) {
            range = range.dropFirst(unit.count)
        }
        let ends = range.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends[0] == "0", let end = Int(ends[1]),
            (0..<Descriptor.maximumSize).contains(end)
        else { return nil }
        return end
    }
}
