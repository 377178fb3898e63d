// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Resolves the credential to use for each repository of a registry.
actor CredentialResolver {
    private let host: RegistryHost
    private let credentials: CredentialStore
    private let time: RetryTiming
    private let events: @Sendable (RegistryEvent) -> Void

    /// Repositories that are read anonymously, with the credential that was rejected for them.
    private var anonymousReads: [Repository: RejectedCredential] = [:]
    /// Credentials that were certainly rejected, and when.
    private var rejections: [Credential: (credential: RejectedCredential, at: Duration)] = [:]
    private var lastRejection: RejectedCredential?
    private var announcements: Set<RegistryEvent> = []

    init(
        host: RegistryHost, credentials: CredentialStore, time: RetryTiming,
        events: @escaping @Sendable (RegistryEvent) -> Void
    ) {
        self.host = host
        self.credentials = credentials
        self.time = time
        self.events = events
    }

    /// Returns the credential to use for a call.
    ///
    /// A credential that was rejected within the last minute is not shown for every further repository:
    /// Docker Hub locks an account after repeated failures.
    ///
    /// - Parameters:
    ///   - call: the call.
    ///   - allowsAnonymous: whether the call may be sent without a credential.
    /// - Returns: the credential and its source.
    /// - Throws: `ContentError` where a file or a helper that would know is broken.
    func identity(
        for call: Operation, allowsAnonymous: Bool
    ) async throws -> FoundCredential {
        guard let repository = call.repository else { return .nothing }
        if allowsAnonymous, let rejected = anonymousReads[repository] {
            return .anonymous(insteadOf: rejected)
        }
        let found = try await credentials.credential(for: repository)
        guard allowsAnonymous, let rejection = rejections[found.credential],
            time.now() - rejection.at < CredentialStore.renewalInterval
        else { return found }
        return try await renewed(found, for: call) ?? .anonymous(insteadOf: rejection.credential)
    }

    /// Returns the credential that has replaced a rejected one, or `nil` if there is none.
    ///
    /// - Throws: `ContentError` where a file or a helper that would know is broken.
    func renewed(
        _ refused: FoundCredential, for call: Operation
    ) async throws -> FoundCredential? {
        guard refused.credential != .none, let repository = call.repository else { return nil }
        return try await credentials.credential(
            for: repository, replacing: refused.credential, at: time.now())
    }

    /// Says once where credentials come from that are shown.
    func announce(_ identity: FoundCredential) {
        guard identity.credential != .none, let source = identity.source else { return }
        sendOnce(.credentialUsed(host: host, source: source))
    }

    /// Records that the registry or its token server accepted a credential.
    func accepted(_ identity: FoundCredential) {
        guard identity.credential != .none, let source = identity.source else { return }
        rejections[identity.credential] = nil
        sendOnce(.credentialAccepted(host: host, source: source))
    }

    /// Records that a credential was rejected and that no source has a newer one.
    func rejected(_ identity: FoundCredential, _ rejected: RejectedCredential) {
        guard identity.credential != .none else { return }
        if rejected.isCertain {
            rejections[identity.credential] = (rejected, time.now())
        }
        report(rejected)
    }

    /// Records that a repository answered an anonymous request after it had rejected a credential.
    func answered(_ call: Operation, insteadOf rejected: RejectedCredential, isSuccess: Bool) {
        report(rejected)
        guard isSuccess, let repository = call.repository,
            anonymousReads.updateValue(rejected, forKey: repository) == nil
        else { return }
        events(.anonymousFallback(repository: repository, source: rejected.source))
    }

    /// Returns the rejected credential because of which a call would be sent anonymously.
    func rejection(for call: Operation) -> RejectedCredential? {
        call.repository.flatMap { anonymousReads[$0] } ?? lastRejection
    }

    private func report(_ rejected: RejectedCredential) {
        lastRejection = rejected
        sendOnce(.credentialRejected(rejected))
    }

    private func sendOnce(_ event: RegistryEvent) {
        if announcements.insert(event).inserted { events(event) }
    }
}

extension FoundCredential {
    /// Anonymous access in place of a rejected credential.
    static func anonymous(insteadOf rejected: RejectedCredential) -> FoundCredential {
        var found = FoundCredential(.none, source: rejected.source)
        found.replaces = rejected
        return found
    }
}
