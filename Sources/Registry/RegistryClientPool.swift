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
        var policy: RetryPolicy
        let throttles: HostThrottles
        let monitor: HostHealthMonitor
        let time: RetryTiming
        let events: @Sendable (RegistryEvent) -> Void

        /// The same for somebody who has no credentials.
        var withoutCredentials: ClientDependencies {
            var stranger = self
            stranger.credentials = CredentialStore(environment: [:], read: { _ in nil })
            return stranger
        }

        /// The same for requests that another host can answer as well: they have one attempt.
        var withoutRetries: ClientDependencies {
            var network = self
            network.policy.maximumAttempts = 1
            network.policy.outlastsOutages = false
            return network
        }
    }

    private let settings: [RegistryHost: RegistrySettings]
    private let defaults: RegistrySettings
    private let surroundings: ClientDependencies
    private struct ClientKey: Hashable {
        let host: RegistryHost
        let isOptional: Bool
    }
    private let clients = Mutex<[ClientKey: RegistryClient]>([:])

    /// Makes a network.
    ///
    /// - Parameters:
    ///   - transport: what carries the requests.
    ///   - settings: what is known about single registries.
    ///   - defaults: what holds for all others.
    ///   - credentials: where credentials are looked for.
    ///   - timeouts: the time limits of every exchange; a commit has longer ones, and metadata a total
    ///     one of a minute, or of `idle` where that is longer.
    ///   - patience: how long failures that may pass are waited for.
    ///   - retryFor: the retry budget of each host, where it is not the usual one of `patience`.
    ///   - time: the clock and the random numbers.
    ///   - events: is told what happens; it is called often and must not wait.
    public init(
        transport: any HTTPTransport, settings: [RegistryHost: RegistrySettings] = [:],
        defaults: RegistrySettings = RegistrySettings(), credentials: CredentialStore,
        timeouts: HTTPTimeouts = HTTPTimeouts(), patience: RetryMode = .unattended,
        retryFor: Duration? = nil, time: RetryTiming = .system,
        events: @escaping @Sendable (RegistryEvent) -> Void = { _ in }
    ) {
        self.settings = settings
        self.defaults = defaults
        var policy = patience == .unattended ? RetryPolicy.unattended : .attended
        if let retryFor { policy.retryFor = retryFor }
        var timeouts = timeouts
        timeouts.total = max(.seconds(60), timeouts.idle)
        let monitor = HostHealthMonitor(policy: policy, time: time)
        self.surroundings = ClientDependencies(
            transport: MonitoredTransport(base: transport, monitor: monitor),
            credentials: credentials, timeouts: timeouts, policy: policy,
            throttles: HostThrottles(time: time), monitor: monitor, time: time, events: events)
    }

    /// Returns a repository; nothing is sent before it is used.
    ///
    /// - Parameters:
    ///   - repository: its name.
    ///   - isOptional: whether another host has the same content, so that each request is sent once and
    ///     never retried.
    /// - Returns: the repository.
    /// - Throws: ``URLError`` where the registry's host is no canonical name or address.
    public func repository(
        _ repository: Repository, isOptional: Bool = false
    ) throws(URLError) -> RemoteRepository {
        RemoteRepository(
            repository, client: try client(of: repository.registry, isOptional: isOptional))
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

    private func client(
        of host: RegistryHost, isOptional: Bool = false
    ) throws(URLError) -> RegistryClient {
        let key = ClientKey(host: host, isOptional: isOptional)
        let known = settings[host] ?? defaults
        let origin = try Origin.of(host, plainHTTP: known.plainHTTP)
        return clients.withLock { clients in
            if let client = clients[key] { return client }
            let client = RegistryClient(
                host: host, origin: origin, settings: known,
                network: isOptional ? surroundings.withoutRetries : surroundings)
            clients[key] = client
            return client
        }
    }
}
