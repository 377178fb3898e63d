// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import CurlHTTP
internal import HTTP
internal import Mirroring
internal import OCI
internal import Registry
internal import Synchronization

/// Everything that reaches beyond this process: the transport, the registries, the layouts.
///
/// This is the one place where the pipeline meets the registry client.
enum Network {
    /// Makes the way to all stores.
    ///
    /// - Parameters:
    ///   - registries: what the configuration says about registries.
    ///   - options: what the command line says.
    ///   - context: the environment, and who is told of retries and fallbacks.
    ///   - retryMode: The time for which temporary failures are retried.
    ///   - onlyAuthFile: whether no credentials count but those of `--auth-file`, and those it has
    ///     must not be refused, as for a cluster that has nothing but a pull secret.
    /// - Returns: the way; nothing is sent before a store is used.
    /// - Throws: `UsageError` or `URLError` for a host that is none.
    static func stores(
        registries: [RegistryHost: RegistryOptions], options: CommonOptions,
        context: ProgramContext, retryMode: RetryMode = .unattended, onlyAuthFile: Bool = false
    ) throws -> StoreProvider {
        let network = try network(
            registries: registries, options: options, context: context, retryMode: retryMode,
            onlyAuthFile: onlyAuthFile)
        let endpoints = try registries.mapValues {
            try $0.endpoints.map(RegistryHost.init(parsing:))
        }
        let reputation = EndpointHealth()
        let layouts = Mutex<[String: LayoutStore]>([:])
        let announce: @Sendable ([StoreLocation]) -> Void = { locations in
            let repositories = locations.compactMap { location -> Repository? in
                if case .repository(let repository) = location { repository } else { nil }
            }
            // A host that is none is told when it is asked for.
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
                // One store for each folder: it is what orders the changes of the folder's index.
                return layouts.withLock { layouts in
                    let store = layouts[directory] ?? LayoutStore(directory: directory)
                    layouts[directory] = store
                    return store
                }
            }
        }
    }

    /// Makes the way to all registries.
    ///
    /// - Parameters:
    ///   - registries: what the configuration says about registries.
    ///   - options: what the command line says.
    ///   - context: the environment, and who is told of retries and fallbacks.
    ///   - retryMode: The time for which temporary failures are retried.
    ///   - onlyAuthFile: whether no credentials count but those of `--auth-file`.
    /// - Returns: the way; nothing is sent before a repository is used.
    /// - Throws: `UsageError` or `URLError` for a host that is none.
    static func network(
        registries: [RegistryHost: RegistryOptions], options: CommonOptions,
        context: ProgramContext, retryMode: RetryMode, onlyAuthFile: Bool = false
    ) throws -> RegistryClientPool {
        var settings = registries.mapValues(RegistrySettings.init)
        var defaults = RegistrySettings()
        for name in options.plainHTTP {
            let host = try usage("--plain-http", name, RegistryHost.init(parsing:))
            settings[host, default: defaults].plainHTTP = true
        }
        if options.strictAuth || onlyAuthFile {
            defaults.requiresAuth = true
            for host in settings.keys { settings[host]?.requiresAuth = true }
        }
        return RegistryClientPool(
            transport: try transport(registries, options, context),
            settings: settings, defaults: defaults,
            credentials: CredentialStore(
                given: onlyAuthFile ? [:] : registries.compactMapValues(\.credential),
                authFile: options.authFile.map(context.absolute),
                environment: onlyAuthFile ? [:] : context.environment),
            timeouts: HTTPTimeouts(idle: options.idleTimeout), retryMode: retryMode,
            retryFor: options.retryFor,
            events: {
                context.credentials.note($0)
                context.traffic.note($0)
                context.throttledHosts.record($0)
                context.console.show($0)
            })
    }

    private static func transport(
        _ registries: [RegistryHost: RegistryOptions], _ options: CommonOptions,
        _ context: ProgramContext
    ) throws -> any HTTPTransport {
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
        configuration.defaultTrust = options.caFile.map { TLSTrust(caFile: context.absolute($0)) }
        for (host, registry) in registries where registry.hasOwnTrust {
            configuration.trust[try Origin.of(host, plainHTTP: false)] = TLSTrust(
                caFile: registry.caFile ?? options.caFile.map(context.absolute),
                clientCertificate: registry.clientCertificate, clientKey: registry.clientKey)
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
    /// What the configuration says, in the client's words.
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
        allow = options.allow
    }
}

extension Console {
    /// Says what happens between this process and registries, as far as anybody wants to know.
    fileprivate func show(_ event: RegistryEvent) {
        var entry = LogEntry(event)
        // A live view has it as long as it holds.
        if isLive, entry.event == .retry { entry.level = .debug }
        log(entry)
    }
}
