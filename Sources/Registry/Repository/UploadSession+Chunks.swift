// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import AsyncPrimitives

extension UploadSession {
    /// Uploads the blob in chunks, and returns the next URL of the session.
    ///
    /// Only one chunk is held in memory. A registry that stored only a part of a chunk
    /// receives the rest. After a lost response or a conflict about the order, the status of the
    /// session is requested.
    ///
    /// Source: distribution-spec § Pushing a blob in chunks.
    func sendChunks(to url: HTTPURL) async throws -> HTTPURL {
        var chunks = try await ChunkReader(open, size: chunkSize.value)
        var sessionURL = url
        var attempts = RetryAttempts(of: repository.client.executor)
        while let chunk = try await chunks.current() {
            let end: Int?
            do {
                let response = try await send(chunk, at: chunks.offset, to: sessionURL)
                sessionURL = try location(of: response, operation(.uploadPatch)) ?? sessionURL
                end = UploadRange.end(response.fields["range"])
            } catch let error as RegistryError
                where error.registryStatus == 416 || error.isTransient
            {
                guard try await attempts.mayRestart(after: error) else { throw error }
                sessionURL = try await status(of: sessionURL, &chunks)
                continue
            }
            attempts.restart()
            // Without the field, the whole chunk was stored; ECR never changes its value.
            let kept = end.map { $0 + 1 - chunks.offset } ?? chunk.count
            chunks.drop(kept > 0 && kept < chunk.count ? kept : chunk.count)
        }
        return sessionURL
    }

    private func send(_ chunk: [UInt8], at offset: Int, to sessionURL: HTTPURL) async throws
        -> RegistryResponse
    {
        try await repository.client.sendOnce(
            RegistryRequest(
                operation: operation(.uploadPatch), method: .patch, url: sessionURL,
                fields: [
                    "Content-Type": "application/octet-stream",
                    "Content-Range": "\(offset)-\(offset + chunk.count - 1)",
                ], body: .bytes(chunk), accepted: [200, 201, 202, 204], isBulk: true,
                isTransfer: !descriptor.isSmall, firstByte: .commit))
    }

    /// Requests the status of a session, and continues at its offset.
    ///
    /// - Returns: The next URL of the session.
    private func status(
        of sessionURL: HTTPURL, _ chunks: inout ChunkReader
    ) async throws -> HTTPURL {
        let request = RegistryRequest(
            operation: operation(.uploadPatch), method: .get, url: sessionURL, accepted: [200, 204])
        let response = try await repository.client.send(request) { $0 }
        // docker-registry states 0-0 for an empty session.
        let storedCount =
            UploadRange.end(response.fields["range"]).map { $0 == 0 ? 0 : $0 + 1 } ?? 0
        guard chunks.seek(at: storedCount) else {
            // The stored bytes are not those that were sent, so the session is useless.
            throw RegistryError(
                .unavailable, operation(.uploadPatch),
                "the registry has \(storedCount) bytes, but \(chunks.offset) were sent",
                outcome: RetryPolicy.Outcome(event: .transport(.interrupted)))
        }
        return try location(of: response, operation(.uploadPatch)) ?? sessionURL
    }
}

/// Divides a stream into chunks.
struct ChunkReader {
    private var source: any AsyncIteratorProtocol<[UInt8], any Error>
    private let size: Int
    private var buffer: [UInt8] = []
    private var isAtEnd = false
    /// The offset of the current chunk in bytes.
    private(set) var offset = 0

    init(_ open: @Sendable () async throws -> ByteStream, size: Int) async throws {
        do {
            source = try await open().makeAsyncIterator()
        } catch {
            throw UploadSourceError(cause: error)
        }
        self.size = size
    }

    /// Returns the current chunk, or `nil` at the end.
    mutating func current() async throws -> [UInt8]? {
        do {
            while buffer.count < size, !isAtEnd {
                if let bytes = try await source.next(isolation: #isolation) {
                    buffer += bytes
                } else {
                    isAtEnd = true
                }
            }
        } catch {
            throw UploadSourceError(cause: error)
        }
        return buffer.isEmpty ? nil : Array(buffer.prefix(size))
    }

    /// Advances past bytes that were stored.
    mutating func drop(_ count: Int) {
        buffer.removeFirst(count)
        offset += count
    }

    /// Continues at an offset, and returns `false` if the bytes there are no longer available.
    mutating func seek(at position: Int) -> Bool {
        guard (offset...offset + buffer.count).contains(position) else { return false }
        drop(position - offset)
        return true
    }
}

/// The size of chunks: the default, or the minimum that a registry requires.
final class ChunkSize: Sendable {
    /// The default size in bytes, as in Azure's own clients.
    static let usual = 4 << 20
    /// The maximum size in bytes.
    static let largest = 32 << 20

    private let size = Mutex(usual)

    /// The size in bytes.
    var value: Int { size.withLock { $0 } }

    /// Records the minimum that a response states; a larger one than the maximum is not honored.
    ///
    /// Source: distribution-spec § Pushing a blob in chunks, `OCI-Chunk-Min-Length`.
    func recordMinimum(in fields: HTTPFields) {
        guard let least = fields["oci-chunk-min-length"].flatMap(Int.init) else { return }
        size.withLock { $0 = min(max($0, least), Self.largest) }
    }
}

/// The `Range` field of an upload session, such as `0-1023`.
///
/// Source: distribution-spec § Pushing a blob in chunks; unlike RFC 9110's it has no unit, though
/// some registries write `bytes=`.
enum UploadRange {
    /// Returns the offset of the last stored byte, which is less than the maximum size of a blob,
    /// or `nil` if the field is missing or malformed.
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
