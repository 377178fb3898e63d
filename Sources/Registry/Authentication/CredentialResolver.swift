// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// As whom each repository of one registry is spoken to.
actor CredentialResolver {
    private let host: RegistryHost
    private let credentials: CredentialStore
    private let time: RetryTiming
    private let events: @Sendable (RegistryEvent) -> Void

    /// Repositories that are read without the credentials that were refused for them.
    private var readAnonymously: Set<Repository> = []
    private var announcedSources: Set<String> = []
    /// When a refused credential was last looked for anew.
    private var rereadAt: [Credential: Duration] = [:]

    init(
        host: RegistryHost, credentials: CredentialStore, time: RetryTiming,
        events: @escaping @Sendable (RegistryEvent) -> Void
    ) {
        self.host = host
        self.credentials = credentials
        self.time = time
        self.events = events
    }

    /// Returns what is known of a call's repository.
    ///
    /// - Throws: `ContentError` where a file or a helper that would know is broken.
    func identity(for call: Operation) async throws -> FoundCredential {
        guard let repository = call.repository,
            call.access.writes || !readAnonymously.contains(repository)
        else { return .nothing }
        return try await credentials.credential(for: repository)
    }

    /// Returns what has come into the place of a refused credential; nil where nothing has.
    ///
    /// Files and helpers are asked at most once a minute about the same credential, so that many
    /// refusals at once do not ask as often.
    func renewed(
        _ refused: FoundCredential, for call: Operation
    ) async throws -> FoundCredential? {
        guard refused.credential != .none, let repository = call.repository else { return nil }
        var found = try await credentials.credential(for: repository)
        if found.credential == refused.credential {
            let now = time.now()
            if let last = rereadAt[refused.credential], now - last < .seconds(60) { return nil }
            rereadAt[refused.credential] = now
            found = try await credentials.rereadCredential(for: repository)
        }
        return [refused.credential, .none].contains(found.credential) ? nil : found
    }

    /// Says once where credentials come from that are shown.
    func announce(_ identity: FoundCredential) {
        guard identity.credential != .none, let source = identity.source,
            announcedSources.insert(source).inserted
        else { return }
        events(.credentialUsed(host: host, source: source))
    }

    /// Notes that a repository lets itself be read without what it refused, and says so once.
    func leftOut(_ identity: FoundCredential, for call: Operation) {
        guard let repository = call.repository, readAnonymously.insert(repository).inserted
        else { return }
        events(
            .anonymousFallback(repository: repository, source: identity.source ?? "unknown"))
    }
}
