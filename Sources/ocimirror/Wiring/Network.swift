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

/// Creates the stores of registries and OCI image layouts from the options and the configuration.
enum Network {
    /// Returns the options with the registries on loopback hosts that do not use TLS.
    ///
    /// No request is sent for other hosts, nor for hosts whose settings already state it.
    static func detectingPlainHTTP(
        at hosts: Set<RegistryHost>, registries: [RegistryHost: RegistryOptions],
        options: CommonOptions, context: ProgramContext
    ) async throws -> CommonOptions {
        let unset = hosts.filter { host in
            let isSet = registries[host].map { $0.plainHTTP || $0.hasOwnTrust } ?? false
            return !isSet && !options.plainHTTP.contains(host.name)
        }
        let detection = PlainHTTPDetection(
            transport: try transport(registries, options, context),
            timeouts: HTTPTimeouts(idle: options.idleTimeout))
        var options = options
        options.detectedPlainHTTP = await detection.detect(among: unset)
        let names = options.detectedPlainHTTP.map(\.name).sorted()
        if !names.isEmpty {
            context.console.note(
                "\(names.joined(separator: ", ")): no TLS; using plain HTTP to \(names.count == 1 ? "this loopback host" : "these loopback hosts")"
            )
        }
        return options
    }

    /// Returns a provider of stores.
    ///
    /// No request is sent before a store is used.
    ///
    /// - Parameters:
    ///   - registries: The registry settings of the configuration.
    ///   - options: The options of the command line.
    ///   - context: The environment, and the console for registry events.
    ///   - retryMode: The retry limits for transient failures.
    ///   - onlyAuthFile: A Boolean value that indicates whether to use only the credentials of
    ///     `--auth-file` and to fail if they are rejected, as a cluster with a pull secret does.
    /// - Returns: The provider.
    /// - Throws: `UsageError` or `URLError` for an invalid host.
    static func stores(
        registries: [RegistryHost: RegistryOptions], options: CommonOptions,
        context: ProgramContext, retryMode: RetryMode = .unattended, onlyAuthFile: Bool = false
    ) throws -> StoreProvider {
        let network = try network(
            registries: registries, options: options, context: context, retryMode: retryMode,
            onlyAuthFile: onlyAuthFile)
        let endpoints = registries.mapValues(\.endpoints)
        let reputation = EndpointHealth()
        let layouts = Mutex<[String: LayoutStore]>([:])
        let announce: @Sendable ([StoreLocation]) -> Void = { locations in
            let repositories = locations.compactMap { location -> Repository? in
                if case .repository(let repository) = location { repository } else { nil }
            }
            // An invalid host is reported when it is used.
            try? network.expect(repositories)
        }
        return StoreProvider(announcing: announce) { location in
            switch location {
            case .repository(let repository):
                let base = try network.repository(repository)
                guard let hosts = endpoints[repository.registry], !hosts.isEmpty else {
                    return base
                }
                let replicas = try hosts.map { host in
                    try network.repository(
                        try Repository(registry: host, path: repository.path), isOptional: true)
                }
                return EndpointStore(base, endpoints: replicas, health: reputation)
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

    /// Returns a client pool for registries.
    ///
    /// No request is sent before a repository is used.
    ///
    /// - Parameters:
    ///   - registries: The registry settings of the configuration.
    ///   - options: The options of the command line.
    ///   - context: The environment, and the console for registry events.
    ///   - retryMode: The retry limits for transient failures.
    ///   - onlyAuthFile: A Boolean value that indicates whether to use only the credentials of
    ///     `--auth-file`.
    /// - Returns: The client pool.
    /// - Throws: `UsageError` or `URLError` for an invalid host, `OutdatedLibraryError` for a libcurl
    ///   that lacks required options.
    static func network(
        registries: [RegistryHost: RegistryOptions], options: CommonOptions,
        context: ProgramContext, retryMode: RetryMode, onlyAuthFile: Bool = false
    ) throws -> RegistryClientPool {
        try parts(
            registries: registries, options: options, context: context, retryMode: retryMode,
            onlyAuthFile: onlyAuthFile
        ).pool
    }

    /// A client pool with the transport and the credentials that it uses.
    struct Parts {
        let pool: RegistryClientPool
        let credentials: CredentialStore
        let transport: any HTTPTransport
    }

    /// Returns a client pool with its parts; the parameters are those of `network`.
    static func parts(
        registries: [RegistryHost: RegistryOptions], options: CommonOptions,
        context: ProgramContext, retryMode: RetryMode, onlyAuthFile: Bool = false
    ) throws -> Parts {
        var settings = registries.mapValues(RegistrySettings.init)
        var defaults = RegistrySettings()
        let endpoints = Set(registries.values.flatMap(\.endpoints).map(\.name))
        for name in options.plainHTTP {
            let host = try usage("--plain-http", name, RegistryHost.init(parsing:))
            settings[host, default: defaults].plainHTTP = true
        }
        for host in options.detectedPlainHTTP {
            settings[host, default: defaults].plainHTTP = true
            settings[host]?.isPlainHTTPDetected = true
        }
        if options.strictAuth || onlyAuthFile {
            defaults.requiresAuth = true
            for host in settings.keys { settings[host]?.requiresAuth = true }
        }
        let transport = try transport(registries, options, context)
        let credentials = CredentialStore(
            given: onlyAuthFile ? [:] : registries.compactMapValues(\.credential),
            authFile: options.authFile.map(context.absolute),
            environment: onlyAuthFile ? [:] : context.environment)
        let pool = RegistryClientPool(
            transport: transport,
            options: RegistryClientPool.Options(
                registries: settings, defaults: defaults,
                timeouts: HTTPTimeouts(idle: options.idleTimeout), retryMode: retryMode,
                retryFor: options.retryFor),
            credentials: credentials,
            events: {
                context.credentials.note($0)
                context.traffic.note($0)
                let isPaused = context.throttledHosts.record($0)
                context.console.show($0, isPaused: isPaused, endpoints: endpoints)
            })
        return Parts(pool: pool, credentials: credentials, transport: transport)
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
        uploadDialect =
            switch options.upload {
            case .auto: .auto
            case .chunked: .chunked
            case .put: .put
            case .patch: .patch
            }
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
    ///   - endpoints: The names of the hosts that others can replace.
    fileprivate func show(_ event: RegistryEvent, isPaused: Bool, endpoints: Set<String>) {
        var entry = LogEntry(event)
        if case .hostGivenUp(let host, _) = event, endpoints.contains(host) {
            entry.level = .warning
        }
        // The live view shows throttled hosts, and one line announces the pause of a host.
        if isLive || isPaused, entry.event == .retry { entry.level = .debug }
        // On a terminal, the result states it next to these lines.
        if isLive, outputIsTerminal, entry.event == .credentialsRejected { entry.level = .debug }
        log(entry)
    }
}
