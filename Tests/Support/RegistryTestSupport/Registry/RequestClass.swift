// SPDX-License-Identifier: Apache-2.0

/// The purpose of a request.
public enum RequestClass: String, Hashable, Sendable, CaseIterable {
    case ping
    case manifestHead
    case manifestGet
    case manifestPut
    case manifestDelete
    case blobHead
    case blobGet
    case blobDelete
    /// A POST that requests a mount, whether or not it succeeded.
    case mount
    /// Any other POST that begins an upload.
    case uploadStart
    case uploadChunk
    case uploadCommit
    case uploadStatus
    case uploadCancel
    case tagListing
    case referrers
    case token
    /// A GET of a blob at the URL that the registry redirected to.
    case storageGet
    case other
}

extension RecordedRequest {
    /// The purpose of the request.
    public var kind: RequestClass {
        switch (Route(path: path), method) {
        case (.ping, _): .ping
        case (.token, _), (.exchange, _): .token
        case (.storage, .get): .storageGet
        case (.manifest, .head): .manifestHead
        case (.manifest, .get): .manifestGet
        case (.manifest, .put): .manifestPut
        case (.manifest, .delete): .manifestDelete
        case (.blob, .head): .blobHead
        case (.blob, .get): .blobGet
        case (.blob, .delete): .blobDelete
        case (.uploads, .post): parameter("mount") == nil ? .uploadStart : .mount
        case (.upload, .patch): .uploadChunk
        case (.upload, .put): .uploadCommit
        case (.upload, .get): .uploadStatus
        case (.upload, .delete): .uploadCancel
        case (.tags, _): .tagListing
        case (.referrers, _): .referrers
        default: .other
        }
    }

    /// The repository of the request; `nil` for pings, tokens and unknown paths.
    public var repository: String? { Route(path: path).repository }
}

extension Sequence<RecordedRequest> {
    /// Returns the number of requests of the given `kinds`.
    public func count(of kinds: RequestClass...) -> Int {
        count { kinds.contains($0.kind) }
    }

    /// Returns the requests of a `kind`.
    public func of(_ kind: RequestClass) -> [RecordedRequest] {
        filter { $0.kind == kind }
    }

    /// The number of requests for each purpose that occurred.
    public var tally: [RequestClass: Int] {
        reduce(into: [:]) { $0[$1.kind, default: 0] += 1 }
    }
}
