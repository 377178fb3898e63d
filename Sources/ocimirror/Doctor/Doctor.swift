// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import HTTP
internal import Mirroring
internal import OCI
internal import Registry

/// Tests the registries of a configuration: connection, credentials, rights, limits and clock.
struct Doctor {
    let configuration: MirrorConfiguration
    let pool: RegistryClientPool
    let credentials: CredentialStore
    /// The transport without retries, for the first contact.
    let transport: any HTTPTransport
    let timeouts: HTTPTimeouts
    /// The registries that are accessed without TLS.
    let plainHTTP: Set<RegistryHost>
    let traffic: RequestStatistics
    let now: @Sendable () -> Timestamp

    /// The number of repositories of a registry whose rights are checked.
    static let maximumRepositories = 20
    /// The difference of clocks, in seconds, from which tokens and signatures can be invalid.
    static let maximumClockSkew = 60

    /// Tests all registries concurrently, and returns the results sorted by name.
    ///
    /// - Throws: `CancellationError`.
    func diagnose() async throws -> [RegistryDiagnosis] {
        try await withThrowingTaskGroup(of: RegistryDiagnosis.self) { group in
            for (host, roles) in self.roles {
                group.addTask { try await diagnose(host, roles) }
            }
            var all: [RegistryDiagnosis] = []
            for try await diagnosis in group { all.append(diagnosis) }
            return all.sorted { $0.registry.name < $1.registry.name }
        }
    }

    private func diagnose(
        _ host: RegistryHost, _ roles: Set<RegistryDiagnosis.Role>
    ) async throws -> RegistryDiagnosis {
        var diagnosis = RegistryDiagnosis(registry: host, roles: roles)
        diagnosis.checks = try await contact(host)
        guard diagnosis.exitCode == .success, roles != [.endpoint] else { return diagnosis }
        let (sources, targets) = (sourceImages(at: host), targetImages(at: host))
        let first = (sources + targets).first?.repository
        if let first { diagnosis.checks.append(try await login(host, first)) }
        diagnosis.checks.append(try await pull(sources, targets))
        if roles.contains(.target) { diagnosis.checks.append(try await push(targets)) }
        diagnosis.checks.append(pullsRemaining(host))
        return diagnosis
    }

    // MARK: Connection

    /// Tests name resolution, connection, TLS and the clock with one request.
    private func contact(_ host: RegistryHost) async throws -> [RegistryDiagnosis.Check] {
        let isPlain = plainHTTP.contains(host)
        let response: HTTPResponse
        do {
            let url = try HTTPURL(Origin.of(host, plainHTTP: isPlain), target: "/v2/")
            response = try await transport.send(HTTPRequest(.get, url, timeouts: timeouts))
        } catch {
            try Task.checkCancellation()
            let failure = ContactFailure(host: host, error: error)
            switch (error as? TransportError)?.kind {
            case .resolve: return [.failed(.name, failure)]
            case .tls, .certificateName, .certificateTime, .notTLS:
                return [
                    .init(test: .name, status: .ok), .init(test: .connection, status: .ok),
                    .failed(.tls, failure),
                ]
            default: return [.init(test: .name, status: .ok), .failed(.connection, failure)]
            }
        }
        return [
            .init(test: .name, status: .ok), .init(test: .connection, status: .ok),
            isPlain
                ? .init(test: .tls, status: .none, value: "off", message: "plain HTTP")
                : .init(test: .tls, status: .ok),
            clock(response.fields["date"]),
        ]
    }

    private func clock(_ date: String?) -> RegistryDiagnosis.Check {
        guard let time = date.flatMap(RegistryClock.secondsSinceEpoch) else {
            return .init(test: .clock, status: .notChecked)
        }
        let skew = now().secondsSinceEpoch - time
        guard abs(skew) > Self.maximumClockSkew else { return .init(test: .clock, status: .ok) }
        return .init(
            test: .clock, status: .warning, value: "\(skew > 0 ? "+" : "")\(skew) s",
            message: "the clock of this machine is \(abs(skew).grouped) s "
                + (skew > 0 ? "ahead" : "behind"),
            hint: "synchronize the clock; tokens and signed URLs expire by time")
    }

    // MARK: Credentials and rights

    private func login(
        _ host: RegistryHost, _ repository: Repository
    ) async throws -> RegistryDiagnosis.Check {
        do {
            guard let found = try await credentials.credential(for: repository) else {
                return .init(test: .credentials, status: .none)
            }
            let isRequired = try await pool.verify(found, at: host)
            return .init(
                test: .credentials, status: .ok,
                message: isRequired
                    ? found.label
                    : "\(found.label); not verified, because the registry did not ask for them")
        } catch {
            try Task.checkCancellation()
            return .failed(.credentials, error)
        }
    }

    /// Tests whether the first images of each repository can be read; a missing tag is not a failure.
    private func pull(
        _ sources: [NamedContent], _ targets: [NamedContent]
    ) async throws -> RegistryDiagnosis.Check {
        guard !sources.isEmpty || !targets.isEmpty else {
            return .init(test: .pull, status: .notChecked)
        }
        do {
            for source in sources {
                let repository = try pool.repository(source.repository)
                try await allowingMissing {
                    if let name = source.name {
                        _ = try await repository.resolve(name)
                    } else {
                        _ = try await repository.tags()
                    }
                }
            }
            for target in targets where sources.isEmpty {
                guard let name = target.name else { continue }
                let repository = try pool.repository(target.repository)
                try await allowingMissing { _ = try await repository.currentDescriptor(of: name) }
            }
        } catch {
            try Task.checkCancellation()
            return .failed(.pull, error)
        }
        let count = sources.isEmpty ? targets.count : sources.count
        let noun = counted(count, "repository", plural: "repositories")
        return .init(test: .pull, status: .ok, message: "\(noun) checked")
    }

    /// Runs a request that may report missing content.
    private func allowingMissing(_ request: () async throws -> Void) async throws {
        do {
            try await request()
        } catch let error as any ContentFailure where error.failureClass == .missing {}
    }

    /// Tests whether content can be pushed to a repository that exists.
    private func push(_ targets: [NamedContent]) async throws -> RegistryDiagnosis.Check {
        do {
            for target in targets {
                let repository = try pool.repository(target.repository)
                guard let name = target.name,
                    try await repository.currentDescriptor(of: name) != nil
                else { continue }
                let rejectedCancel = try await repository.checkPush()
                return .init(
                    test: .push, status: .ok,
                    message: rejectedCancel.map {
                        "the upload session could not be canceled and expires later: \($0)"
                    })
            }
            return .init(
                test: .push, status: .notChecked, message: "no mirrored repository exists yet")
        } catch {
            try Task.checkCancellation()
            return .failed(.push, error)
        }
    }

    private func pullsRemaining(_ host: RegistryHost) -> RegistryDiagnosis.Check {
        guard let left = traffic.counts.first(where: { $0.host == host.name })?.pullsLeft else {
            return .init(test: .pulls, status: .none)
        }
        let reserve = configuration.registries[host]?.reservePulls ?? 0
        guard left > reserve else {
            return .init(
                test: .pulls, status: .failed, value: left.grouped,
                message: left == 0
                    ? "pull rate limit reached"
                    : "\(counted(left, "pull")) remaining, reservePulls is \(reserve)",
                hint: "run again later, or log in with an account that has a higher limit",
                failureClass: .quota)
        }
        return .init(test: .pulls, status: .ok, value: left.grouped)
    }
}

/// An image of the configuration in a repository; without a name, its tags are listed.
private struct NamedContent: Hashable, Sendable {
    let repository: Repository
    let name: ManifestName?
}

extension Doctor {
    /// The roles of each registry.
    private var roles: [RegistryHost: Set<RegistryDiagnosis.Role>] {
        var roles: [RegistryHost: Set<RegistryDiagnosis.Role>] = [:]
        for image in configuration.images {
            guard case .repository(let repository) = image.source else { continue }
            roles[repository.registry, default: []].insert(.source)
        }
        for target in configuration.targets {
            guard case .registry(let host, _) = target.prefix else { continue }
            roles[host, default: []].insert(.target)
        }
        for endpoint in configuration.registries.values.flatMap(\.endpoints) {
            roles[endpoint, default: []].insert(.endpoint)
        }
        return roles
    }

    /// One image of each source repository at a registry.
    private func sourceImages(at host: RegistryHost) -> [NamedContent] {
        limited(
            configuration.images.compactMap { image in
                guard case .repository(let repository) = image.source, repository.registry == host
                else { return nil }
                return NamedContent(repository: repository, name: image.selection.firstName)
            })
    }

    /// One image of each target repository at a registry; patterns are not known without a listing.
    private func targetImages(at host: RegistryHost) -> [NamedContent] {
        let images = Planner(configuration: configuration).offlinePlan().images
        return limited(
            configuration.targets.flatMap { target in
                images.compactMap { image in
                    guard case .repository(let repository)? = try? image.location(in: target),
                        repository.registry == host
                    else { return nil }
                    let name =
                        image.tag.map(ManifestName.tag) ?? image.digest.map(ManifestName.digest)
                    return NamedContent(repository: repository, name: name)
                }
            })
    }

    private func limited(_ images: [NamedContent]) -> [NamedContent] {
        var seen: Set<Repository> = []
        return Array(
            images.filter { seen.insert($0.repository).inserted }.prefix(Self.maximumRepositories))
    }
}

extension ImageEntry.Selection {
    /// The name of the first selected image, or `nil` for a pattern.
    fileprivate var firstName: ManifestName? {
        switch self {
        case .one(let tag, let digest): tag.map(ManifestName.tag) ?? digest.map(ManifestName.digest)
        case .list(let tags): tags.first.map(ManifestName.tag)
        case .pattern: nil
        }
    }
}

/// A failed first contact with a registry.
private struct ContactFailure: ContentFailure {
    let host: RegistryHost
    let error: any Error

    var failureClass: FailureClass { .unavailable }
    var description: String { "\(error)" }
    var hint: String? { (error as? TransportError)?.hint(for: host) }
}
