// SPDX-License-Identifier: Apache-2.0

import Content
import LayerScanning
import Lockfiles
import Mirroring
import OCI
import RegistryTestSupport
import Testing
import Validation

/// A mirror in a test: a world, a configuration, and the lock files after the last run.
struct Mirror {
    let world: World
    var scanner = Self.scanner
    private(set) var configuration: MirrorConfiguration
    var locks: [String: Lockfile] = [:]
    var today = CalendarDay(parsing: "2026-06-15") ?? CalendarDay(daysSinceEpoch: 0)

    /// The layer scanner, which uses the executable built beside the tests.
    static let scanner = LayerScanner(program: program, concurrency: 4)

    static let program: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? "./"
        return bundle[...(bundle.lastIndex(of: "/") ?? bundle.startIndex)] + "ocimirror"
    }()

    /// The result of one run.
    struct Run {
        let report: SyncReport
        let updates: [LockUpdate]

        var statuses: [ImageOutcome.Status] { report.outcomes.map(\.status) }
        /// A Boolean value that indicates whether every target has every image.
        var isDone: Bool { report.outcomes.allSatisfy { $0.isDone } }
        var findings: [Finding] { report.outcomes.flatMap(\.findings) }
        var failures: [ImageFailure] { report.outcomes.flatMap(\.failures) }
    }

    /// Creates a mirror from entries in YAML.
    init(
        _ images: [String], to targets: [String] = ["mirror.example/m"], settings: String = "",
        in world: World = World(), environment: [String: String] = [:], directory: String = "/repo"
    ) throws(ConfigurationErrors) {
        self.world = world
        self.configuration = try Self.load(
            images, targets, settings, environment: environment, directory: directory)
    }

    /// Replaces the configuration, as an edit of the file does.
    mutating func configure(
        _ images: [String], to targets: [String] = ["mirror.example/m"], settings: String = ""
    ) throws(ConfigurationErrors) {
        configuration = try Self.load(
            images, targets, settings, environment: [:], directory: "/repo")
    }

    static func text(
        _ images: [String], _ targets: [String] = ["mirror.example/m"], _ settings: String = ""
    ) -> String {
        let targets = targets.enumerated().map { position, prefix in
            prefix.hasPrefix("oci:")
                ? "  - {prefix: \"\(prefix)\"}"
                : "  - {prefix: \"\(prefix)\", lock: \(position).lock.yaml}"
        }
        return """
            version: 1
            validation: config
            \(settings)
            targets:
            \(targets.joined(separator: "\n"))
            images:
            \(images.map { "  - \($0)" }.joined(separator: "\n"))

            """
    }

    private static func load(
        _ images: [String], _ targets: [String], _ settings: String,
        environment: [String: String], directory: String
    ) throws(ConfigurationErrors) -> MirrorConfiguration {
        try ConfigurationLoader(
            file: "mirror.yaml", environment: environment, baseDirectory: directory
        )
        .load(text: Array(text(images, targets, settings).utf8)).configuration
    }

    var resolver: Resolver {
        Resolver(configuration: configuration, stores: world.stores, locks: locks, today: today)
    }

    func plan(_ ids: [String] = []) async throws -> Plan {
        try await Planner(configuration: configuration).plan(
            selecting: IDSelection(ids), stores: world.stores)
    }

    /// Performs a complete run and keeps the lock files, written and parsed as by the next run.
    @discardableResult
    mutating func sync(
        _ ids: [String] = [], refreshesReferrers: Bool = false,
        progress: RunProgress = RunProgress(), now: (@Sendable () -> Duration)? = nil,
        observe: @escaping MirrorObserver = { _ in }
    ) async throws -> Run {
        let plan = try await plan(ids)
        let report = await Syncer(
            resolver: resolver, jobs: 4, scanner: scanner, refreshesReferrers: refreshesReferrers,
            progress: progress, now: now, observe: observe
        )
        .sync(plan)
        var updates: [LockUpdate] = []
        for target in configuration.targets {
            guard let path = target.lock else { continue }
            let update = LockUpdate(
                from: locks[path], for: target, plan: plan, report: report,
                configuration: configuration)
            let text = update.lock.text
            let lock = try Lockfile(parsing: Array(text.utf8), root: target.root)
            #expect(lock == update.lock)
            updates.append(update)
            locks[path] = lock
        }
        return Run(report: report, updates: updates)
    }

    /// Returns the current lock file of a target.
    func lock(_ position: Int = 0) throws -> Lockfile {
        try #require(locks["/repo/\(position).lock.yaml"])
    }

    func entry(_ id: String, at position: Int = 0) throws -> LockedImage {
        try #require(try lock(position).images[id])
    }

    /// Returns the digest to which a tag resolves; `nil` if it does not exist.
    func digest(_ reference: String) async throws -> Digest? {
        let reference = try Reference(parsing: reference)
        let tag = try #require(reference.tag)
        return try await world.store(at: .repository(reference.repository)).memory
            .resolve(.tag(tag))?.digest
    }
}

extension MemoryStore {
    /// Returns a Boolean value that indicates whether every tag points to a complete image.
    func isWhole() async throws -> Bool {
        for tag in try await tags() {
            guard let descriptor = try await resolve(.tag(tag)) else { return false }
            let graph = try await ManifestGraph.read(
                from: try await fetch(manifest: descriptor), in: self)
            for blob in graph.blobs where try await !exists(blob: blob) { return false }
        }
        return true
    }
}

extension BuiltImage {
    /// The digests of all manifests and blobs.
    var digests: Set<Digest> { Set(manifests.map(\.descriptor.digest)).union(blobs.keys) }

    /// The blobs, except the configs of child manifests.
    var layers: Set<Digest> {
        Set(
            manifests.compactMap { try? $0.decoded() }.flatMap { manifest -> [Digest] in
                if case .image(let image) = manifest { image.layers.map(\.digest) } else { [] }
            })
    }
}
