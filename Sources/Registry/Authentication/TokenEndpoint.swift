// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import StrictJSON
internal import TextSafety

/// Sends requests to token servers and reads their short responses.
///
/// It follows no redirects, because a redirected credential is a stolen one.
struct TokenEndpoint: Sendable {
    let transport: any HTTPTransport
    let retryExecutor: RetryExecutor
    let timeouts: HTTPTimeouts

    /// The maximum size of a response, in bytes.
    static let maximumSize = 64 << 10

    /// Sends a request and retries it as the policy permits.
    ///
    /// - Throws: ``RegistryError`` if the server rejects the request or cannot be reached.
    func send(
        _ request: HTTPRequest, timeouts limits: HTTPTimeouts? = nil, for operation: Operation
    ) async throws -> [UInt8] {
        var request = request
        request.timeouts = limits ?? timeouts
        let retryExecutor = retryExecutor.forOrigin(request.url.origin)
        return try await retryExecutor.run(operation) { [request] in
            // The request that needs the token may hold the last permit of this host.
            try await retryExecutor.throttle.withoutPermit { try await attempt(request) }
        }
    }

    private func attempt(_ request: HTTPRequest) async throws -> [UInt8] {
        let host = request.url.origin.authority
        do {
            let response = try await transport.send(request)
            guard response.status == 200 else {
                throw await ErrorResponse(
                    response, from: .tokenServer, at: request.url.origin,
                    registry: retryExecutor.host)
            }
            let bytes = try await response.collect(limit: Self.maximumSize)
            retryExecutor.events(
                .requestFinished(host: host, kind: .token, status: 200, bytes: bytes.count))
            return bytes
        } catch let errorResponse as ErrorResponse {
            retryExecutor.events(
                .requestFinished(host: host, kind: .token, status: errorResponse.status, bytes: 0))
            throw errorResponse
        }
    }
}

extension HTTPRequest {
    /// Returns a POST request with form fields, as OAuth requires.
    ///
    /// Source: RFC 6749 §4, Appendix B.
    static func form(
        _ url: HTTPURL, _ fields: [(String, String)], reach: AddressScope = .anywhere
    ) -> HTTPRequest {
        let body = fields.map { "\($0)=\(PercentEncoding.form($1))" }.joined(separator: "&")
        return HTTPRequest(
            .post, url, fields: ["Content-Type": "application/x-www-form-urlencoded"],
            body: .bytes(Array(body.utf8)), reach: reach)
    }
}
