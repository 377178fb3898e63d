// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import CurlHTTP
internal import HTTP
internal import Mirroring
internal import OCI
internal import Registry
internal import AsyncPrimitives
internal import TextSafety

/// The registries and OCI image layouts that a command uses, from the options and the configuration.
struct Network {
    /// The clients of the registries.
    let pool: RegistryClientPool
    /// The credentials that the clients use.
    let credentials: CredentialStore
    /// The transport that the clients use.
    let transport: any HTTPTransport
    /// The registries on loopback hosts that turned out not to use TLS.
    let plainHTTPHosts: Set<RegistryHost>
    /// The hosts from which content of a registry is read first.
    private let endpoints: [RegistryHost: [RegistryHost]]

    /// Creates the network of a configuration.
    ///
    /// - Parameters:
    ///   - file: The configuration.
    ///   - options: The options of the command line.
    ///   - context: The environment, and the console for registry events.
    ///   - retryMode: The retry limits for transient failures.
    ///   - pushes: A Boolean value that indicates whether images are pushed to the targets, now or
    ///     by the command that is prepared.
    ///   - onlyAuthFile: A Boolean value that indicates whether to use only the credentials of
    ///     `--auth-file` and to fail if they are rejected, as a cluster with a pull secret does.
    /// - Throws: As ``init(to:_:targets:_:in:retryMode:onlyAuthFile:)``.
    init(
        of file: ConfigurationFile, _ options: CommonOptions, in context: ProgramContext,
        retryMode: RetryMode = .unattended, pushes: Bool = false, onlyAuthFile: Bool = false
    ) async throws {
        try await self.init(
            to: file.configuration.registryHosts, file.configuration.registries,
            targets: pushes ? file.configuration.targets : [], options,
            in: context, retryMode: retryMode, onlyAuthFile: onlyAuthFile)
    }

    /// Creates a network, and finds out which registries on loopback hosts use no TLS.
    ///
    /// No other request is sent before a store or the pool is used.
    ///
    /// - Parameters:
    ///   - hosts: The registries that the user named. Only loopback hosts whose settings do not
    ///     state whether they use TLS receive a request.
    ///   - registries: The registry settings of the configuration.
    ///   - targets: The targets to which images are pushed.
    ///   - options: The options of the command line.
    ///   - context: The environment, and the console for registry events.
    ///   - retryMode: The retry limits for transient failures.
    ///   - onlyAuthFile: A Boolean value that indicates whether to use only the credentials of
    ///     `--auth-file` and to fail if they are rejected.
    /// - Throws: `UsageError` or `URLError` for an invalid host, `OutdatedLibraryError` for a libcurl
    ///   that lacks required options.
    init(
        to hosts: Set<RegistryHost>, _ registries: [RegistryHost: RegistryOptions],
        targets: [MirrorTarget] = [], _ options: CommonOptions, in context: ProgramContext,
        retryMode: RetryMode = .unattended, onlyAuthFile: Bool = false
    ) async throws {
        guard options.idleTimeout > .zero else {
            throw UsageError(
                ["ocimirror"], .contradiction("--idle-timeout: must be longer than 0 s"))
        }
        let timeouts = HTTPTimeouts(idle: options.idleTimeout)
        transport = try Self.transport(registries, options, context)
        let undecided = hosts.filter { host in
            let isSet = registries[host].map { $0.plainHTTP || $0.hasOwnTrust } ?? false
            return !isSet && !options.plainHTTP.contains(host.name)
        }
        plainHTTPHosts = await PlainHTTPDetection(transport: transport, timeouts: timeouts)
            .detect(among: undecided)
        let names = plainHTTPHosts.map(\.name).sorted()
        if !names.isEmpty {
            context.console.note(
                "\(names.joined(separator: ", ")): no TLS; using plain HTTP to "
                    + (names.count == 1 ? "this loopback host" : "these loopback hosts"))
        }
        let (settings, defaults) = try Self.settings(
            registries, options, plainHTTPHosts, requiresAuth: options.strictAuth || onlyAuthFile)
        endpoints = registries.mapValues(\.endpoints)
        let endpointNames = Set(registries.values.flatMap(\.endpoints).map(\.name))
        credentials = CredentialStore(
            given: onlyAuthFile ? [:] : registries.compactMapValues(\.credential),
            authFile: options.authFile.map(context.absolute),
            environment: onlyAuthFile ? [:] : context.environment)
        var poolOptions = RegistryClientPool.Options(
            registries: settings, defaults: defaults, timeouts: timeouts, retryMode: retryMode,
            retryFor: options.retryFor)
        poolOptions.isTarget = { repository in targets.contains { $0.contains(repository) } }
        pool = RegistryClientPool(
            transport: transport, options: poolOptions, credentials: credentials,
            events: {
                context.credentials.record($0)
                context.traffic.record($0)
                let isPaused = context.throttledHosts.record($0)
                context.console.show(
                    $0, isPaused: isPaused, isAttended: retryMode == .attended,
                    endpoints: endpointNames)
            })
    }

    /// Returns a provider of stores.
    func stores() -> StoreProvider {
        let (pool, endpoints) = (pool, endpoints)
        let health = EndpointHealth()
        let layouts = Mutex<[String: LayoutStore]>([:])
        let announce: @Sendable ([StoreLocation]) -> Void = { locations in
            let repositories = locations.compactMap { location -> Repository? in
                if case .repository(let repository) = location { repository } else { nil }
            }
            // An invalid host is reported when it is used.
            try? pool.expect(repositories)
        }
        return StoreProvider(announcing: announce) { location in
            switch location {
            case .repository(let repository):
                let base = try pool.repository(repository)
                guard let hosts = endpoints[repository.registry], !hosts.isEmpty else {
                    return base
                }
                let replicas = try hosts.map { host in
                    try pool.repository(
                        try Repository(registry: host, path: repository.path), isEndpoint: true)
                }
                return EndpointStore(base, endpoints: replicas, health: health)
            case .layout(let directory):
                // Each directory has one store, which serializes the changes of its index.
                return layouts.withLock { layouts in
                    let store = layouts[directory] ?? LayoutStore(directory: directory)
                    layouts[directory] = store
                    return store
                }
            }
        }
    }

    /// Returns the settings of the registries, and those of all others.
    private static func settings(
        _ registries: [RegistryHost: RegistryOptions], _ options: CommonOptions,
        _ plainHTTPHosts: Set<RegistryHost>, requiresAuth: Bool
    ) throws -> ([RegistryHost: RegistrySettings], defaults: RegistrySettings) {
        var settings = registries.mapValues(RegistrySettings.init)
        var defaults = RegistrySettings()
        for name in options.plainHTTP {
            let host = try usage("--plain-http", name, RegistryHost.init(parsing:))
            settings[host, default: defaults].plainHTTP = true
        }
        for host in plainHTTPHosts {
            settings[host, default: defaults].plainHTTP = true
            settings[host]?.isPlainHTTPDetected = true
        }
        if requiresAuth {
            defaults.requiresAuth = true
            for host in settings.keys { settings[host]?.requiresAuth = true }
        }
        return (settings, defaults)
    }

    private static func transport(
        _ registries: [RegistryHost: RegistryOptions], _ options: CommonOptions,
        _ context: ProgramContext
    ) throws -> any HTTPTransport {
        try CurlVersion.check()
        let curl = CurlTransport(try transportConfiguration(registries, options, context))
        guard let rate = options.bandwidth else { return curl }
        let time = RetryTiming.system
        return PacedTransport(
            curl, bytesPerSecond: rate.bytesPerSecond, now: time.now, sleep: time.sleep)
    }

    private static func transportConfiguration(
        _ registries: [RegistryHost: RegistryOptions], _ options: CommonOptions,
        _ context: ProgramContext
    ) throws -> CurlTransport.Configuration {
        var configuration = CurlTransport.Configuration()
        configuration.userAgent = "ocimirror/\(Program.version)"
        configuration.proxies = ProxyRules(environment: context.environment)
        if let file = options.caFile, let problem = PEMFile.problem(at: context.absolute(file)) {
            throw UsageError(
                ["ocimirror"],
                .invalidValue(
                    of: "--ca-file", UntrustedText(file), reason: problem, suggestion: nil))
        }
        let trust =
            options.caFile.map { TLSTrust(caFile: context.absolute($0)) }
            ?? SystemCertificates.trust(environment: context.environment)
        configuration.defaultTrust = trust
        for (host, registry) in registries where registry.hasOwnTrust {
            var own = registry.caFile.map { TLSTrust(caFile: $0) } ?? trust ?? TLSTrust()
            own.clientCertificate = registry.clientCertificate
            own.clientKey = registry.clientKey
            configuration.trust[try Origin.of(host, plainHTTP: false)] = own
        }
        return configuration
    }
}

extension RegistryOptions {
    fileprivate var hasOwnTrust: Bool {
        caFile != nil || clientCertificate != nil || clientKey != nil
    }

    fileprivate var credential: Credential? {
        credentials.map { Credential(user: $0.username, password: $0.password) }
    }
}

extension RegistrySettings {
    /// Creates the client settings from the registry settings of the configuration.
    fileprivate init(_ options: RegistryOptions) {
        self.init()
        plainHTTP = options.plainHTTP
        credentialsOverHTTP = options.credentialsOverHTTP
        requiresAuth = options.requiresAuth
        concurrency = options.concurrency
        reservePulls = options.reservePulls
        uploadDialect = options.upload
        tokenHosts = options.tokenHosts
        allowedHosts = options.allowedHosts
        allowedRanges = options.allowedRanges
    }
}

extension Console {
    /// Logs an event of the registry client.
    ///
    /// - Parameters:
    ///   - event: The event.
    ///   - isPaused: A Boolean value that indicates whether the host of a retry was already paused.
    ///   - isAttended: A Boolean value that indicates whether the result follows immediately.
    ///   - endpoints: The names of the hosts that others can replace.
    fileprivate func show(
        _ event: RegistryEvent, isPaused: Bool, isAttended: Bool, endpoints: Set<String>
    ) {
        // Most events are of requests, and most runs do not log them.
        if case .requestFinished = event, !logs(.debug) { return }
        var entry = LogEntry(event)
        if case .hostGivenUp(let host, _) = event {
            if endpoints.contains(host) { entry.level = .warning }
            // The result states it.
            if isAttended, format == .text { entry.level = .debug }
        }
        // The live view shows throttled hosts, and one line announces the pause of a host.
        if isLive || isPaused, entry.event == .retry { entry.level = .debug }
        // On a terminal, the result states it next to these lines.
        if isLive, outputIsTerminal, entry.event == .credentialsRejected { entry.level = .debug }
        log(entry)
    }
}
