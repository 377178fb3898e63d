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
    private var sentEvents: Set<RegistryEvent> = []

    init(
        host: RegistryHost, credentials: CredentialStore, time: RetryTiming,
        events: @escaping @Sendable (RegistryEvent) -> Void
    ) {
        self.host = host
        self.credentials = credentials
        self.time = time
        self.events = events
    }

    /// Returns the credential to use for an operation.
    ///
    /// A credential that was rejected within the last minute is not sent for every further
    /// repository: Docker Hub locks an account after repeated failures.
    ///
    /// - Parameters:
    ///   - operation: The operation.
    ///   - allowsAnonymous: A Boolean value that indicates whether the request may be sent without
    ///     credentials.
    /// - Returns: The credential, or the reason that there is none.
    /// - Throws: `ContentError` if a credential file or helper fails.
    func credential(
        for operation: Operation, allowsAnonymous: Bool
    ) async throws -> RequestCredential {
        guard let repository = operation.repository else { return .unavailable }
        if allowsAnonymous, let rejected = anonymousReads[repository] {
            return .omitted(rejected)
        }
        guard let found = try await credentials.credential(for: repository) else {
            return .unavailable
        }
        guard allowsAnonymous, let rejection = rejections[found.credential],
            time.now() - rejection.at < CredentialStore.renewalInterval
        else { return .found(found) }
        guard let renewed = try await renewed(found, for: operation) else {
            return .omitted(rejection.credential)
        }
        return .found(renewed)
    }

    /// Returns the credential that has replaced a rejected one, or `nil` if there is none.
    ///
    /// - Throws: `ContentError` if a credential file or helper fails.
    func renewed(
        _ rejected: FoundCredential, for operation: Operation
    ) async throws -> FoundCredential? {
        guard let repository = operation.repository else { return nil }
        return try await credentials.credential(
            for: repository, replacing: rejected.credential, at: time.now())
    }

    /// Reports the source of a credential once, when the credential is first used.
    func reportUse(of found: FoundCredential) {
        guard !found.isEntered else { return }
        sendOnce(.credentialUsed(host: host, source: found.source))
        if found.isTrimmed { sendOnce(.credentialTrimmed(host: host, source: found.source)) }
    }

    /// Records that the registry or its token server accepted a credential.
    func recordAcceptance(of found: FoundCredential) {
        guard !found.isEntered else { return }
        rejections[found.credential] = nil
        sendOnce(.credentialAccepted(host: host, source: found.source))
    }

    /// Records that a credential was rejected and that no source has a newer one.
    func recordRejection(of found: FoundCredential, _ rejected: RejectedCredential) {
        if rejected.isCertain {
            rejections[found.credential] = (rejected, time.now())
        }
        report(rejected)
    }

    /// Records the response to an anonymous request that replaced one with a rejected credential.
    func recordAnonymousResponse(
        to operation: Operation, insteadOf rejected: RejectedCredential, isSuccess: Bool
    ) {
        report(rejected)
        guard isSuccess, let repository = operation.repository,
            anonymousReads.updateValue(rejected, forKey: repository) == nil
        else { return }
        events(.anonymousFallback(repository: repository, source: rejected.source))
    }

    /// Returns the rejected credential because of which a request would be sent anonymously.
    func rejectedCredential(for operation: Operation) -> RejectedCredential? {
        operation.repository.flatMap { anonymousReads[$0] } ?? lastRejection
    }

    private func report(_ rejected: RejectedCredential) {
        lastRejection = rejected
        sendOnce(.credentialRejected(rejected))
    }

    private func sendOnce(_ event: RegistryEvent) {
        if sentEvents.insert(event).inserted { events(event) }
    }
}
