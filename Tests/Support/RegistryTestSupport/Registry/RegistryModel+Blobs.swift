// SPDX-License-Identifier: Apache-2.0

internal import OCI

extension RegistryModel {
    func blob(_ name: String, _ text: String, _ request: RecordedRequest) -> ScriptedResponse {
        guard let digest = try? Digest(parsing: text) else {
            return ScriptedResponse(.digestInvalid)
        }
        guard repositories[name]?.blobs.contains(digest) == true, let bytes = blobs[digest] else {
            return ScriptedResponse(.blobUnknown, "unknown blob \(digest) in \(name)")
        }
        return serve(bytes, of: digest, to: request)
    }

    /// The bytes of a blob, whichever repositories have it.
    func bytes(of text: String, _ request: RecordedRequest) -> ScriptedResponse {
        guard let digest = try? Digest(parsing: text), let bytes = blobs[digest] else {
            return ScriptedResponse(.blobUnknown)
        }
        return serve(bytes, of: digest, to: request)
    }

    private func serve(_ bytes: Bytes, of digest: Digest, to request: RecordedRequest)
        -> ScriptedResponse
    {
        guard !bytes.isDiscarded || request.method == .head else {
            return ScriptedResponse(.unsupported, "the bytes of \(digest) were not kept")
        }
        let headers: HeaderFields = [
            "Content-Type": "application/octet-stream", "Docker-Content-Digest": digest.description,
            "Accept-Ranges": "bytes", "Etag": "\"\(digest)\"",
        ]
        guard let range = request.headers["Range"], let asked = ByteRange(range) else {
            return ScriptedResponse(200, headers, body: bytes)
        }
        guard let found = asked.resolve(count: bytes.count) else {
            var response = ScriptedResponse(416, headers)
            response.headers["Content-Type"] = "text/plain; charset=utf-8"
            response.headers["Content-Range"] = "bytes */\(bytes.count)"
            return response
        }
        var response = ScriptedResponse(206, headers, body: bytes.slice(found))
        response.headers["Content-Range"] =
            "bytes \(found.lowerBound)-\(found.upperBound - 1)/\(bytes.count)"
        return response
    }

    mutating func deleteBlob(_ name: String, _ text: String) -> ScriptedResponse {
        guard traits.deletes else { return ScriptedResponse(.unsupported) }
        guard let digest = try? Digest(parsing: text),
            repositories[name]?.blobs.remove(digest) != nil
        else { return ScriptedResponse(.blobUnknown) }
        return ScriptedResponse(202)
    }
}

/// A range of bytes, as requested by a `Range` field.
///
/// Source: RFC 9110 §14.1.2; multiple ranges are ignored, which the section allows.
enum ByteRange {
    case from(Int, through: Int?)
    case last(Int)

    init?(_ text: String) {
        guard text.hasPrefix("bytes="), !text.contains(",") else { return nil }
        let parts = text.dropFirst(6).split(
            separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        switch (Int(parts[0]), Int(parts[1])) {
        case (let first?, nil) where parts[1].isEmpty: self = .from(first, through: nil)
        case (let first?, let end?) where first <= end: self = .from(first, through: end)
        case (nil, let count?) where parts[0].isEmpty: self = .last(count)
        default: return nil
        }
    }

    /// Returns the requested range of `count` bytes, or `nil` if it is empty.
    func resolve(count: Int) -> Range<Int>? {
        switch self {
        case .from(let first, let end) where first < count:
            first..<min(count, end.map { $0.addingReportingOverflow(1).partialValue } ?? count)
        case .last(let wanted) where wanted > 0 && count > 0: max(0, count - wanted)..<count
        default: nil
        }
    }
}
