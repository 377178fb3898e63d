// SPDX-License-Identifier: Apache-2.0

import HTTP
import LayerScanning
import Lockfiles
import OCI
import RegistryTestSupport

/// The state that a clean run of the reference mirror leaves.
struct CleanState: Sendable {
    let tags: [String: [String: Digest]]
    let lock: String

    init(of mirror: ReferenceMirror, _ lock: String) {
        tags = Dictionary(
            uniqueKeysWithValues: Set(mirror.images.published.map { "mirror/\($0.repository)" }).map
            {
                ($0, mirror.target.tags(of: $0))
            })
        self.lock = mirror.normalized(lock)
    }

    init(of mirror: ReferenceMirror, _ run: ReferenceMirror.Run) {
        self.init(of: mirror, run.lock?.text ?? "")
    }

    /// Returns the differences to the state after a clean run.
    ///
    /// - Parameters:
    ///   - clean: The state after a clean run.
    ///   - ignoresKept: A Boolean value that indicates whether the tags of replaced images are not
    ///     compared, because the target denied their existence.
    /// - Returns: The differences.
    func differences(from clean: CleanState, ignoringKept ignoresKept: Bool = false) -> [String] {
        func compared(_ tags: [String: Digest]?) -> [String: Digest]? {
            tags?.filter { !ignoresKept || !$0.key.hasPrefix("kept-") }
        }
        let others = tags.filter { compared($0.value) != compared(clean.tags[$0.key]) }.map {
            "the tags of \($0.key) are \($0.value.keys.sorted())"
        }
        let lines = Set(lock.split(separator: "\n")).symmetricDifference(
            clean.lock.split(separator: "\n"))
        return others + lines.sorted().map { "the lock file differs in \"\($0)\"" }
    }
}

/// A run of the reference mirror with faults, then a run without them.
struct FaultRun: Sendable {
    /// The result of the two runs.
    struct Result: Sendable {
        /// The violated invariants.
        var violations: [String] = []
        /// The faults that were injected, in their order.
        var faults: [String] = []
        var faultCount: Int { faults.count }
        /// A Boolean value that indicates whether the first run completed in spite of the faults.
        var isComplete = false
        /// A Boolean value that indicates whether the first run was killed before its end.
        var wasKilled = false
    }

    let scanner: LayerScanner
    /// The state after a clean run.
    let clean: CleanState
    /// The connections of all runs; `nil` for new ones in each.
    var transport: (any HTTPTransport)?
    /// A Boolean value that indicates whether the first run has to complete.
    var mustComplete = false

    /// Chooses the faults of a request.
    typealias Choice = @Sendable (RequestIdentity, RecordedRequest) -> FaultKind?

    /// Runs the mirror with faults and then without, and checks all invariants.
    func result(of mirror: ReferenceMirror, choosing choose: @escaping Choice) async throws
        -> Result
    {
        let elsewhere = mirror.elsewhere.origin
        let injected = SharedList<String>()
        for side in ReferenceMirror.Side.allCases {
            let counter = RequestCounter(side)
            mirror.registry(side).inject(
                .choosing { request in
                    let identity = counter.identify(request)
                    guard let kind = choose(identity, request) else { return [] }
                    injected.append("\(kind) at \(identity)")
                    return kind.faults(request, elsewhere)
                })
        }
        let first = try await mirror.run(scanner: scanner, transport: transport)
        for side in ReferenceMirror.Side.allCases { mirror.registry(side).heal() }

        var result = Result(faults: injected.all, isComplete: first.isComplete)
        result.violations =
            Invariants.targetIsWhole(mirror.target)
            + Invariants.lockIsTrue(first.lock, at: mirror.target)
            + Invariants.reportIsTrue(first, of: mirror) + Invariants.outputIsSafe(first.texts)
            + Invariants.secretsStay(in: mirror, first.texts)
        if first.isComplete {
            result.violations += CleanState(of: mirror, first).differences(
                from: clean, ignoringKept: !mustComplete
            ).map {
                "the run completed, but \($0)"
            }
        }
        if mustComplete, !first.isComplete {
            result.violations.append(
                "a temporary fault failed the run: \(first.texts.filter { !$0.isEmpty }.suffix(4))")
        }
        result.violations += try await rerun(after: first, of: mirror)
        return result
    }

    /// Runs the mirror without faults, and returns the violations of its result.
    private func rerun(after first: ReferenceMirror.Run, of mirror: ReferenceMirror) async throws
        -> [String]
    {
        let missing = mirror.missingBlobBytes
        let openUploads = mirror.target.openUploads
        mirror.target.forgetRequests()
        let lock = first.lock.flatMap { $0.images.isEmpty ? nil : $0 }
        let second = try await mirror.run(
            from: lock, scanner: scanner, transport: transport,
            refreshesReferrers: first.lacksReferrers)
        var violations =
            Invariants.targetIsWhole(mirror.target)
            + Invariants.lockIsTrue(second.lock, at: mirror.target)
        guard second.isComplete else {
            return violations + [
                "the run without faults failed: \(second.texts.filter { !$0.isEmpty }.suffix(4))"
            ]
        }
        violations += CleanState(of: mirror, second).differences(
            from: clean, ignoringKept: !mustComplete
        ).map {
            "after the run without faults, \($0)"
        }
        let sent = mirror.target.uploadedBytes
        if sent > missing + missing / 10 {
            violations.append(
                "the run without faults sent \(sent) bytes of blobs, but \(missing) were missing")
        }
        if mirror.target.openUploads > openUploads {
            violations.append("the run without faults left an upload open")
        }
        return violations
    }
}

extension ReferenceMirror {
    /// The size of the blobs that the repositories of the target do not have yet, each counted once.
    var missingBlobBytes: Int {
        let expected =
            images.published.map { ($0.repository, $0.image) } + images.signatures.map { ($0, $1) }
        var missing: [Digest: Int] = [:]
        for (repository, image) in expected {
            let arrived = target.blobs(of: "mirror/\(repository)")
            for (digest, bytes) in image.blobs where arrived[digest] == nil {
                missing[digest] = bytes.count
            }
        }
        return missing.values.reduce(0, +)
    }
}
