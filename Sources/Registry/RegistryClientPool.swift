// SPDX-License-Identifier: Apache-2.0

public import HTTP
public import OCI
internal import Synchronization

/// How long failures that may pass are waited for.
public enum RetryMode: Sendable {
    /// As long as it takes: nobody waits for the answer.
    case unattended
    /// A few seconds: somebody does.
    case attended
}

/// All registries: the way to a repository of any of them.
///
/// Connections, tokens, what was learned about a registry and the bound on its requests are shared
/// by all of its repositories.
public final class RegistryClientPool: Sendable {
    /// What every client needs besides its own settings.
    struct ClientDependencies: Sendable {
        let transport: any HTTPTransport
        var credentials: CredentialStore
        let timeouts: HTTPTimeouts
        let policy: RetryPolicy
        let throttles: HostThrottles
        let time: RetryTiming
        let events: @Sendable (RegistryEvent) -> Void

        /// The same for somebody who has no credentials.
        var withoutCredentials: ClientDependencies {
            var stranger = self
            stranger.credentials = CredentialStore(environment: [:], read: { _ in nil })
            return stranger
        }
    }

    private let settings: [RegistryHost: RegistrySettings]
    private let defaults: RegistrySettings
    private let surroundings: ClientDependencies
    private let clients = Mutex<[RegistryHost: RegistryClient]>([:])

    /// Makes a network.
    ///
    /// - Parameters:
    ///   - transport: what carries the requests.
    ///   - settings: what is known about single registries.
    ///   - defaults: what holds for all others.
    ///   - credentials: where credentials are looked for.
    ///   - timeouts: the time limits of every exchange; only a commit has longer ones.
    ///   - patience: how long failures that may pass are waited for.
    ///   - time: the clock and the random numbers.
    ///   - events: is told what happens; it is called often and must not wait.
    public init(
        transport: any HTTPTransport, settings: [RegistryHost: RegistrySettings] = [:],
        defaults: RegistrySettings = RegistrySettings(), credentials: CredentialStore,
        timeouts: HTTPTimeouts = HTTPTimeouts(), patience: RetryMode = .unattended,
        time: RetryTiming = .system, events: @escaping @Sendable (RegistryEvent) -> Void = { _ in }
    ) {
        self.settings = settings
        self.defaults = defaults
        self.surroundings = ClientDependencies(
            transport: transport, credentials: credentials, timeouts: timeouts,
            policy: patience == .unattended ? .unattended : .attended,
            throttles: HostThrottles(time: time), time: time, events: events)
    }

    /// Returns a repository; nothing is sent before it is used.
    ///
    /// - Throws: ``URLError`` where the registry's host is no canonical name or address.
    public func repository(_ repository: Repository) throws(URLError) -> RemoteRepository {
        RemoteRepository(repository, client: try client(of: repository.registry))
    }

    /// Says which repositories will be read, so that they can share tokens where a registry allows it.
    ///
    /// - Throws: ``URLError`` where a registry's host is no canonical name or address.
    public func expect(_ repositories: [Repository]) throws(URLError) {
        for (host, group) in Dictionary(grouping: repositories, by: \.registry) {
            try client(of: host).expect(group.map(\.path))
        }
    }

    /// Finds out whether a registry takes a credential, of whoever may read and write whatever.
    ///
    /// - Parameters:
    ///   - credential: what it is shown.
    ///   - host: the registry.
    /// - Returns: whether it wanted to see any; one that lets everybody in has proved nothing.
    /// - Throws: ``RegistryError``, of class `denied` where the credential is refused.
    public func verify(
        _ credential: Credential, at host: RegistryHost
    ) async throws -> Bool {
        try await client(of: host).verify(credential)
    }

    private func client(of host: RegistryHost) throws(URLError) -> RegistryClient {
        let known = settings[host] ?? defaults
        let origin = try Origin.of(host, plainHTTP: known.plainHTTP)
        return clients.withLock { clients in
            if let client = clients[host] { return client }
            let client = RegistryClient(
                host: host, origin: origin, settings: known, network: surroundings)
            clients[host] = client
            return client
        }
    }
}
