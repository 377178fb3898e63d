// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// An error code of the distribution specification with its status.
///
/// Source: distribution-spec § Error Codes; the statuses are those of docker-registry.
public enum RegistryFailure: String, Sendable {
    case blobUnknown = "BLOB_UNKNOWN"
    case uploadInvalid = "BLOB_UPLOAD_INVALID"
    case uploadUnknown = "BLOB_UPLOAD_UNKNOWN"
    case digestInvalid = "DIGEST_INVALID"
    case manifestBlobUnknown = "MANIFEST_BLOB_UNKNOWN"
    case manifestInvalid = "MANIFEST_INVALID"
    case manifestUnknown = "MANIFEST_UNKNOWN"
    case nameInvalid = "NAME_INVALID"
    case nameUnknown = "NAME_UNKNOWN"
    case sizeInvalid = "SIZE_INVALID"
    case tagInvalid = "TAG_INVALID"
    case unauthorized = "UNAUTHORIZED"
    case denied = "DENIED"
    case unsupported = "UNSUPPORTED"
    case tooManyRequests = "TOOMANYREQUESTS"
    case paginationInvalid = "PAGINATION_NUMBER_INVALID"
    case unavailable = "UNAVAILABLE"

    /// The status of a response with this code.
    public var status: Int {
        switch self {
        case .blobUnknown, .uploadUnknown, .uploadInvalid, .manifestUnknown, .nameUnknown: 404
        case .unauthorized: 401
        case .denied: 403
        case .unsupported: 405
        case .tooManyRequests: 429
        case .unavailable: 503
        case .digestInvalid, .manifestBlobUnknown, .manifestInvalid, .nameInvalid,
            .sizeInvalid, .tagInvalid, .paginationInvalid:
            400
        }
    }
}

extension ScriptedResponse {
    /// Returns a response with the error body of the specification.
    ///
    /// - Parameters:
    ///   - failure: The error code.
    ///   - detail: The detail of the error.
    ///   - status: Another status than the code's own.
    ///   - headers: Further header fields.
    public init(
        _ failure: RegistryFailure, _ detail: String = "", status: Int? = nil,
        headers: HeaderFields = [:]
    ) {
        let entry: JSONValue = .object([
            .init("code", .string(failure.rawValue)),
            .init("message", .string(detail.isEmpty ? failure.rawValue.lowercased() : detail)),
            .init("detail", .object([.init("reason", .string(detail))])),
        ])
        let body: JSONValue = .object([.init("errors", .array([entry]))])
        self.init(status ?? failure.status, headers, body: Bytes(body.compactText))
        self.headers["Content-Type"] = "application/json; charset=utf-8"
    }

    /// Returns a response whose body is JSON.
    init(_ status: Int, json: JSONValue, _ headers: HeaderFields = [:]) {
        self.init(status, headers, body: Bytes(json.compactText))
        self.headers["Content-Type"] = "application/json; charset=utf-8"
    }
}
