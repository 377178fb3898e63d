// SPDX-License-Identifier: Apache-2.0

import Content
import CurlHTTP
import HTTP
import LayerScanning
import Lockfiles
import Mirroring
import OCI
import Registry
import RegistryTestSupport
import AsyncPrimitives
import TextSafety
import Validation

/// The registries and the configuration of the reference mirror.
///
/// Source and target require tokens of their own; a third registry, to which redirects lead, requires nothing and must
/// never receive a credential.
struct ReferenceMirror: Sendable {
    /// A registry of the reference mirror.
    enum Side: String, Sendable, CaseIterable {
        case source
        case target
    }

    /// The images.
    let images: ReferenceImages
    let source: LoopbackRegistry
    let target: LoopbackRegistry
    let elsewhere: LoopbackRegistry

    /// The passwords; every other secret follows from them.
    static let passwords: [Side: String] = [
        .source: "canary-source-7f3a", .target: "canary-target-91bc",
    ]
    private static let users: [Side: String] = [.source: "reader", .target: "writer"]

    /// Creates the registries with the content before the run.
    ///
    /// - Parameters:
    ///   - images: The images.
    ///   - checksReferences: A Boolean value that indicates whether the target rejects incomplete manifests, which hides
    ///     that one was sent.
    init(_ images: ReferenceImages, checksReferences: Bool = false) {
        self.images = images
        elsewhere = LoopbackRegistry()
        source = LoopbackRegistry(authentication: .bearer(Self.issuer(.source)))
        var traits = RegistryTraits()
        traits.checksReferences = checksReferences
        target = LoopbackRegistry(traits, authentication: .bearer(Self.issuer(.target)))
        publish()
    }

    private static func issuer(_ side: Side) -> TokenIssuer {
        TokenIssuer(
            service: side.rawValue, users: [users[side] ?? "": passwords[side] ?? ""],
            policy: TokenIssuer.usersOnly)
    }

    /// Returns the same registries with other images, and nothing else.
    ///
    /// - Parameters:
    ///   - images: The images.
    ///   - earlier: The images that an earlier run has mirrored; `nil` if there was none.
    /// - Returns: The mirror before its next run.
    func renewed(with images: ReferenceImages, over earlier: ReferenceImages? = nil)
        -> ReferenceMirror
    {
        ReferenceMirror(images, over: earlier, reusing: self)
    }

    private init(
        _ images: ReferenceImages, over earlier: ReferenceImages?, reusing other: ReferenceMirror
    ) {
        self.images = images
        (source, target, elsewhere) = (other.source, other.target, other.elsewhere)
        for registry in [source, target, elsewhere] { registry.clear() }
        publish()
        guard let earlier else { return }
        for item in earlier.published {
            target.publish(item.image, repository: "mirror/\(item.repository)", tag: item.tag)
        }
        for (repository, signature) in earlier.signatures {
            target.publish(signature, repository: "mirror/\(repository)")
        }
    }

    private func publish() {
        for item in images.published {
            for registry in [source, elsewhere] {
                registry.publish(item.image, repository: item.repository, tag: item.tag)
            }
        }
        for (repository, signature) in images.signatures {
            for registry in [source, elsewhere] {
                registry.publish(signature, repository: repository)
            }
        }
        for item in images.replaced {
            target.publish(item.image, repository: "mirror/\(item.repository)", tag: item.tag)
        }
    }

    /// Ends the registries.
    func stop() {
        for registry in [source, target, elsewhere] { registry.stop() }
    }

    func registry(_ side: Side) -> LoopbackRegistry { side == .source ? source : target }

    // MARK: Configuration

    /// Returns the text of `mirror.yaml`.
    ///
    /// - Parameter layout: The directory of layouts that are a second target; `nil` for one target.
    /// - Returns: The text.
    func configuration(layout: String? = nil) -> String {
        """
        version: 1
        validation: content
        targets:
          - {prefix: "\(target.host)/mirror", lock: images.lock.yaml}\(
            layout.map { "\n  - {prefix: \"oci:./\($0)\"}" } ?? "")
        registries:
          "\(source.host)": {plainHTTP: true, credentials: {username: reader, password: "${SOURCE_PASSWORD}"}}
          "\(target.host)": {plainHTTP: true, credentials: {username: writer, password: "${TARGET_PASSWORD}"}}
        images:
        \(images.repositories.map { "  - {source: \"\(source.host)/\($0)\", tags: {semver: \"1.x\"}}" }.joined(separator: "\n"))

        """
    }

    /// The environment variables of the configuration.
    var environment: [String: String] {
        [
            "SOURCE_PASSWORD": Self.passwords[.source] ?? "",
            "TARGET_PASSWORD": Self.passwords[.target] ?? "",
        ]
    }

    /// Returns the text of a lock file without what differs between two mirrors: the ports, and the fingerprint of the
    /// configuration, which contains them.
    func normalized(_ lock: String) -> String {
        lock.replacing(source.host, with: "source").replacing(target.host, with: "target")
            .split(separator: "\n").filter { !$0.contains("inputs:") }.joined(separator: "\n")
    }

    // MARK: Runs in this process

    /// The result of a run in this process.
    struct Run: Sendable {
        let outcomes: [ImageOutcome]
        let lock: Lockfile?
        /// Every text that the run could have shown.
        let texts: [String]
        /// A Boolean value that indicates whether everything was mirrored, referrers included.
        let isComplete: Bool

        /// A Boolean value that indicates whether referrers were missing or denied, which only a refresh looks up again.
        var lacksReferrers: Bool {
            outcomes.flatMap(\.targets).compactMap(\.referrers).contains {
                !$0.shouldRetry && !$0.warnings.isEmpty
            }
        }
    }

    /// Mirrors all images with the library, on a clock that only advances while a retry waits.
    ///
    /// - Parameters:
    ///   - lock: The lock file of the run before.
    ///   - scanner: The layer scanner.
    ///   - transport: The connections; `nil` for new ones.
    ///   - refreshesReferrers: A Boolean value that indicates whether referrers are also looked up for unchanged images.
    /// - Returns: The result.
    /// - Throws: `ConfigurationErrors` or `CancellationError`.
    func run(
        from lock: Lockfile? = nil, scanner: LayerScanner, transport: (any HTTPTransport)? = nil,
        refreshesReferrers: Bool = false
    ) async throws -> Run {
        let configuration = try ConfigurationLoader(
            file: "mirror.yaml", environment: environment, baseDirectory: "/"
        ).load(text: Array(configuration().utf8)).configuration
        let shown = Mutex<[String]>([])
        let pool = RegistryClientPool(
            transport: transport ?? CurlTransport(),
            options: .init(
                registries: configuration.registries.mapValues { _ in
                    var settings = RegistrySettings()
                    settings.plainHTTP = true
                    return settings
                },
                timeouts: HTTPTimeouts(connect: .seconds(5), idle: .seconds(1)),
                time: Self.virtualTime()),
            credentials: CredentialStore(
                given: configuration.registries.compactMapValues { options in
                    options.credentials.map { .basic(user: $0.username, password: $0.password) }
                }, environment: [:]),
            events: { event in
                // Only the debug log shows requests, without text of a server.
                if case .requestFinished = event { return }
                shown.withLock { $0.append("\(event)") }
            })
        let stores = StoreProvider(announcing: { locations in
            try? pool.expect(
                locations.compactMap {
                    if case .repository(let repository) = $0 { repository } else { nil }
                })
        }) { location in
            guard case .repository(let repository) = location else {
                preconditionFailure("no layout is configured")
            }
            return try pool.repository(repository)
        }
        let plan: Plan
        do {
            plan = try await Planner(configuration: configuration).plan(
                selecting: IDSelection([]), stores: stores)
        } catch {
            return Run(
                outcomes: [], lock: lock, texts: shown.withLock { $0 } + ["\(error)"],
                isComplete: false)
        }
        let today = CalendarDay(daysSinceEpoch: 20_000)
        let locks = ["/images.lock.yaml": lock].compactMapValues(\.self)
        let report = await Syncer(
            resolver: Resolver(
                configuration: configuration, stores: stores, locks: locks, today: today), jobs: 4,
            scanner: scanner, refreshesReferrers: refreshesReferrers, observe: { _ in }
        ).sync(plan)
        let updated = LockUpdate(
            from: lock, for: configuration.targets[0], plan: plan, report: report,
            configuration: configuration
        ).lock
        let failures = report.outcomes.flatMap(\.failures) + report.problems.map(\.failure)
        let warnings = report.outcomes.flatMap(\.referrerWarnings)
        return Run(
            outcomes: report.outcomes, lock: updated,
            texts: shown.withLock { $0 } + failures.flatMap { ["\($0)", $0.hint ?? ""] } + warnings
                + report.outcomes.flatMap(\.findings).map(\.message),
            isComplete: report.outcomes.count == images.published.count && warnings.isEmpty
                && report.outcomes.allSatisfy(\.isDone))
    }

    /// Returns a clock that only advances while a retry waits, which takes no time.
    private static func virtualTime() -> RetryTiming {
        let now = VirtualNow()
        return RetryTiming(now: { now.value }, sleep: { try await now.sleep($0) }, jitter: { 0.5 })
    }
}

/// The time of a virtual clock.
private final class VirtualNow: Sendable {
    private let now = Mutex(Duration.zero)

    var value: Duration { now.withLock { $0 } }

    /// Lets other tasks run, then advances the clock to the end of the wait.
    ///
    /// Waits that begin at the same time end at the same time.
    func sleep(_ duration: Duration) async throws {
        let end = value + duration
        try Task.checkCancellation()
        await Task.yield()
        now.withLock { $0 = max($0, end) }
    }
}
