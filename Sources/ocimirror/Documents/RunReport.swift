// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import Validation

/// The result of `sync`, which all report formats are generated from.
struct RunReport: Sendable {
    /// A lock file after the run.
    struct WrittenLock: Sendable {
        let path: String
        let shownPath: String
        let update: LockUpdate
        var hasChanged = false
        /// A Boolean value that indicates whether there was no lock and no image for a first one.
        var isWithheld = false
        /// The reason why the lock file could not be written.
        var failure: ImageFailure?
        /// The published lock file, or `nil` if the target does not publish it.
        var publication: LockPublication?

        /// A Boolean value that indicates whether the file has the content of the run.
        var isPresent: Bool { failure == nil && !isWithheld }
    }

    /// The results of all images.
    var sync: SyncReport
    /// The platforms that every image must have.
    let required: [Platform]
    let locks: [WrittenLock]
    let credentials: CredentialFindings
    /// The request statistics of each host.
    let traffic: [HostStatistics]
    /// The start time.
    let began: Timestamp
    /// The elapsed time.
    let duration: Duration
    /// The cause of an interruption, or `nil` for a complete run.
    let interrupted: Interruption.Cause?

    /// The exit code of the run.
    var exitCode: ExitCode {
        if case .signal = interrupted { return interrupted?.exitCode ?? .interrupted }
        let failures =
            sync.problems.map(\.failure) + locks.compactMap(\.failure)
            + locks.compactMap(\.publication?.failure)
        return .combining(
            [interrupted?.exitCode ?? .success]
                + failures.map { ExitCode($0.failureClass) } + sync.outcomes.map(\.exitCode))
    }

    /// The completed images that took longest, the slowest first; those below a second are not of
    /// interest.
    ///
    /// The duration of a failed image is that of its failure, such as the timeouts of a host.
    var slowest: [ImageOutcome] {
        let took = sync.outcomes.filter { $0.isDone && $0.duration >= .seconds(1) }
        return Array(took.sorted { $0.duration > $1.duration }.prefix(5))
    }

    /// Returns the number of images, and of entries without images, with a status.
    func count(_ status: ImageOutcome.Status) -> Int {
        sync.outcomes.count { $0.status == status }
            + sync.problems.count { $0.failure.status == status }
    }

    /// The statistics of all copies.
    var effort: CopyReceipt {
        var sum = CopyReceipt()
        for receipt in sync.outcomes.flatMap(\.targets).compactMap(\.receipt) { sum += receipt }
        return sum
    }

    /// The number of requests to all hosts.
    var requestCount: Int { traffic.reduce(0) { $0 + $1.requestCount } }

    /// The pulls used at registries with a pull rate limit.
    var pulls: [PullUsage] { traffic.compactMap(PullUsage.init) }
}

/// The state that is recorded at the start of a run.
struct RunStart {
    private let time: Timestamp
    private let instant = ContinuousClock.now
    private let context: ProgramContext
    private let required: [Platform]

    init(of configuration: MirrorConfiguration, in context: ProgramContext) {
        required = configuration.platforms
        self.context = context
        time = context.now
    }

    /// Returns the report of the run, with the current time as its end.
    func report(
        _ sync: SyncReport, locks: [RunReport.WrittenLock], isCutShort: Bool
    ) -> RunReport {
        RunReport(
            sync: sync, required: required, locks: locks, credentials: context.credentials.findings,
            traffic: context.traffic.counts, began: time,
            duration: ContinuousClock.now - instant,
            interrupted: isCutShort ? context.interruption.cause : nil)
    }
}

extension ImageOutcome {
    /// The exit code for this image alone.
    var exitCode: ExitCode {
        let findings: ExitCode = status == .rejected || status == .missing ? .negative : .success
        return .combining([findings] + failures.map { ExitCode($0.failureClass) })
    }

    /// The statistics of copying to all targets.
    var effort: CopyReceipt {
        var sum = CopyReceipt()
        for target in targets { if let receipt = target.receipt { sum += receipt } }
        return sum
    }

    /// The reason why the image needs attention, in one line, or `nil` if it does not.
    var reason: String? {
        guard !isDone else { return nil }
        let rejection = findings.first { $0.severity == .error }?.message
        return status == .rejected
            ? rejection ?? failures.first?.message : failures.first?.message ?? rejection
    }
}

extension ImageOutcome {
    /// The reason with the id of the finding that it states.
    var labeledReason: String? {
        guard let reason else { return nil }
        let finding = findings.first { $0.severity == .error && $0.message == reason }
        return finding.map { "\($0.id.rawValue): \(reason)" } ?? reason
    }
}

extension Duration {
    /// The duration in whole milliseconds, clamped to the range of `Int`.
    var milliseconds: Int { Int(clamping: attoseconds / 1_000_000_000_000_000) }
}
