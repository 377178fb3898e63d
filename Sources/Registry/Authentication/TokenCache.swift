// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// The tokens of one registry, each kept until most of its lifetime has passed.
actor TokenCache {
    private let server: TokenServer
    private let time: RetryTiming
    private var kept: [TokenRequest: (token: Token, until: Duration)] = [:]
    private let flights = SingleFlight<TokenRequest, Token>()

    init(server: TokenServer, time: RetryTiming) {
        self.server = server
        self.time = time
    }

    /// Returns a token, and whether it was cached.
    ///
    /// - Throws: ``RegistryError`` if no token can be obtained.
    func token(
        _ request: TokenRequest, for call: Operation
    ) async throws -> (token: Token, isKept: Bool) {
        if let kept = kept[request], time.now() < kept.until { return (kept.token, true) }
        let token = try await flights.value(for: request) {
            let start = self.time.now()
            let token = try await self.server.fetch(request, for: call)
            await self.keep(token, for: request, until: start + token.usableFor)
            return token
        }
        return (token, false)
    }

    private func keep(_ token: Token, for request: TokenRequest, until: Duration) {
        kept[request] = (token, until)
    }

    /// Removes a rejected token, unless another request has already replaced it.
    func forget(_ header: Secret?) {
        kept = kept.filter { $0.value.token.authorization != header }
    }
}
