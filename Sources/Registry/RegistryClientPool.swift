// SPDX-License-Identifier: Apache-2.0

public import HTTP
public import OCI
internal import AsyncPrimitives

/// The settings of a registry, known before the first request.
public struct RegistrySettings: Hashable, Sendable {
    /// A Boolean value that indicates whether it uses HTTP without TLS.
    ///
    /// Nothing else makes the client use plain HTTP.
    public var plainHTTP = false
    /// A Boolean value that indicates whether `plainHTTP` was found out instead of set by the user,
    /// so that credentials are not sent even to a loopback host.
    public var isPlainHTTPDetected = false
    /// A Boolean value that indicates whether credentials may be sent without TLS to another
    /// machine.
    public var credentialsOverHTTP = false
    /// A Boolean value that indicates whether a pull with rejected credentials fails, instead of
    /// being tried anonymously.
    public var requiresAuth = false
    /// The upper bound of concurrent requests, of large downloads, and of large uploads; `nil` for the
    /// one that suits the registry.
    public var concurrency: Int?
    /// The number of pulls to leave unused, if the registry states how many remain.
    public var reservePulls = 0
    /// The way blobs are uploaded; `nil` for the one that suits the registry.
    public var uploadDialect: UploadDialect?
    /// Further token servers that may receive the credentials.
    public var tokenHosts: [RegistryHost] = []
    /// Further hosts that the registry may refer to.
    ///
    /// Content may be uploaded to them, without credentials.
    public var allowedHosts: [RegistryHost] = []
    /// Further address ranges that the registry may refer to.
    public var allowedRanges: [AddressRange] = []

    /// Creates settings with default values.
    public init() {}
}

/// The time for which temporary failures are retried.
public enum RetryMode: Sendable {
    /// Minutes, for unattended jobs.
    case unattended
    /// Seconds, for interactive commands.
    case attended
}

/// The clients of all registries.
///
/// Connections, tokens, knowledge about a registry and its request limits are shared by all of its
/// repositories.
public final class RegistryClientPool: Sendable {
    /// The dependencies that all clients share.
    struct ClientDependencies: Sendable {
        let hosts: HostPool
        var credentials: CredentialStore
        var timeouts: HTTPTimeouts
        var policy: RetryPolicy

        /// The same dependencies without credentials.
        var withoutCredentials: ClientDependencies {
            var anonymous = self
            anonymous.credentials = CredentialStore(environment: [:], read: { _ in nil })
            return anonymous
        }

        /// The same dependencies for endpoints, whose requests have one attempt and short time
        /// limits.
        var withoutRetries: ClientDependencies {
            var optional = self
            optional.policy.maximumAttempts = 1
            optional.policy.outlastsOutages = false
            optional.timeouts.connect = min(timeouts.connect, .seconds(5))
            optional.timeouts.firstByte = min(timeouts.firstByte, .seconds(10))
            return optional
        }
    }

    private let options: Options
    private let dependencies: ClientDependencies
    private struct ClientKey: Hashable {
        let host: RegistryHost
        let isEndpoint: Bool
    }
    private let clients = Mutex<[ClientKey: RegistryClient]>([:])

    /// The options of all clients.
    public struct Options: Sendable {
        /// The settings of registries.
        public var registries: [RegistryHost: RegistrySettings]
        /// The settings of all other registries.
        public var defaults: RegistrySettings
        /// The time limits of every request; a commit has longer ones, and metadata a total one of
        /// a minute, or of `idle` if that is longer.
        public var timeouts: HTTPTimeouts
        /// The time for which temporary failures are retried.
        public var retryMode: RetryMode
        /// The retry budget of each host, or `nil` for the default of `retryMode`.
        public var retryFor: Duration?
        /// The clock and the random numbers.
        public var time: RetryTiming
        /// Returns a Boolean value that indicates whether content is pushed to a repository, so that
        /// advice after a denied read names the right to push.
        public var isTarget: @Sendable (Repository) -> Bool = { _ in false }

        /// Creates options.
        public init(
            registries: [RegistryHost: RegistrySettings] = [:],
            defaults: RegistrySettings = RegistrySettings(),
            timeouts: HTTPTimeouts = HTTPTimeouts(), retryMode: RetryMode = .unattended,
            retryFor: Duration? = nil, time: RetryTiming = .system
        ) {
            self.registries = registries
            self.defaults = defaults
            self.timeouts = timeouts
            self.retryMode = retryMode
            self.retryFor = retryFor
            self.time = time
        }
    }

    /// Creates a pool.
    ///
    /// - Parameters:
    ///   - transport: The transport for the requests.
    ///   - options: The options of all clients.
    ///   - credentials: The sources of credentials.
    ///   - events: The handler of events; it is called often and must not block.
    public init(
        transport: any HTTPTransport, options: Options = Options(), credentials: CredentialStore,
        events: @escaping @Sendable (RegistryEvent) -> Void = { _ in }
    ) {
        self.options = options
        var policy = options.retryMode == .unattended ? RetryPolicy.unattended : .attended
        if let retryFor = options.retryFor { policy.retryFor = retryFor }
        var timeouts = options.timeouts
        timeouts.total = max(.seconds(60), timeouts.idle)
        self.dependencies = ClientDependencies(
            hosts: HostPool(
                transport: transport, policy: policy, time: options.time, events: events),
            credentials: credentials, timeouts: timeouts, policy: policy)
    }

    /// Returns a repository, without sending a request.
    ///
    /// - Parameters:
    ///   - repository: The name of the repository.
    ///   - isEndpoint: A Boolean value that indicates whether the host is an endpoint: the registry
    ///     itself has the same content, so each request is sent once and never retried.
    /// - Returns: The repository.
    /// - Throws: ``URLError`` if the registry's host is not a canonical name or address.
    public func repository(
        _ repository: Repository, isEndpoint: Bool = false
    ) throws(URLError) -> RemoteRepository {
        RemoteRepository(
            repository, client: try client(of: repository.registry, isEndpoint: isEndpoint),
            isTarget: options.isTarget(repository))
    }

    /// Records which repositories will be read, so that they can share tokens if a registry
    /// supports it.
    ///
    /// - Throws: ``URLError`` if a registry's host is not a canonical name or address.
    public func expect(_ repositories: [Repository]) throws(URLError) {
        for (host, group) in Dictionary(grouping: repositories, by: \.registry) {
            try client(of: host).expect(group.map(\.path))
        }
    }

    /// Checks whether a registry accepts a credential.
    ///
    /// - Parameters:
    ///   - credential: The credential.
    ///   - host: The registry.
    /// - Returns: A Boolean value that indicates whether the registry required credentials; if not,
    ///   nothing was verified.
    /// - Throws: ``RegistryError``, with the class `denied` if the credential is rejected.
    public func verify(
        _ credential: FoundCredential, at host: RegistryHost
    ) async throws -> Bool {
        try await client(of: host).verify(credential)
    }

    private func client(
        of host: RegistryHost, isEndpoint: Bool = false
    ) throws(URLError) -> RegistryClient {
        let key = ClientKey(host: host, isEndpoint: isEndpoint)
        let clientSettings = options.registries[host] ?? options.defaults
        let origin = try Origin.of(host, plainHTTP: clientSettings.plainHTTP)
        return clients.withLock { clients in
            if let client = clients[key] { return client }
            let client = RegistryClient(
                host: host, origin: origin, settings: clientSettings,
                dependencies: isEndpoint ? dependencies.withoutRetries : dependencies)
            clients[key] = client
            return client
        }
    }
}
