// SPDX-License-Identifier: Apache-2.0

internal import TextSafety

/// The tokens of one registry, each kept until most of its lifetime has passed.
actor TokenCache {
    private let server: TokenServer
    private let time: RetryTiming
    private var cached: [TokenRequest: (token: Token, until: Duration)] = [:]
    private let flights = SingleFlight<TokenRequest, Token>()

    init(server: TokenServer, time: RetryTiming) {
        self.server = server
        self.time = time
    }

    /// Returns a token, and whether it was cached.
    ///
    /// - Throws: ``RegistryError`` if no token can be obtained.
    func token(
        _ request: TokenRequest, for operation: Operation
    ) async throws -> (token: Token, isCached: Bool) {
        if let cached = cached[request], time.now() < cached.until { return (cached.token, true) }
        let token = try await flights.value(for: request) {
            let start = self.time.now()
            let token = try await self.server.fetch(request, for: operation)
            await self.store(token, for: request, until: start + token.usableFor)
            return token
        }
        return (token, false)
    }

    private func store(_ token: Token, for request: TokenRequest, until: Duration) {
        cached[request] = (token, until)
    }

    /// Removes a rejected token, unless another request has already replaced it.
    func forget(_ header: Secret?) {
        cached = cached.filter { $0.value.token.authorization != header }
    }
}
