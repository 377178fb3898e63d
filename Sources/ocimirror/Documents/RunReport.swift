// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Lockfiles
internal import Mirroring
internal import OCI
internal import Validation

/// What a run of `sync` did: the one value that every form of its report is written from.
struct RunReport: Sendable {
    /// A lock after the run.
    struct WrittenLock: Sendable {
        let path: String
        let shownPath: String
        let update: LockUpdate
        var hasChanged = false
        /// A Boolean value that indicates whether there was no lock and no image for a first one.
        var isWithheld = false
        /// Why it could not be written.
        var failure: ImageFailure?
    }

    /// What became of the images.
    var sync: SyncReport
    /// The platforms that every image must have.
    let required: [Platform]
    let locks: [WrittenLock]
    let credentials: CredentialFindings
    /// What was asked of each host.
    let traffic: [HostStatistics]
    /// When it began.
    let began: Timestamp
    /// How long it took.
    let duration: Duration
    /// What cut the run short; nil for one that came to its end.
    let interrupted: Interruption.Cause?

    /// The one code for the whole run.
    var exitCode: ExitCode {
        if case .signal = interrupted { return interrupted?.exitCode ?? .interrupted }
        let failures = sync.problems.map(\.failure) + locks.compactMap(\.failure)
        return .combining(
            [interrupted?.exitCode ?? .success]
                + failures.map { ExitCode($0.failureClass) } + sync.outcomes.map(\.exitCode))
    }

    /// The images that took longest, the slowest first.
    var slowest: [ImageOutcome] {
        let took = sync.outcomes.filter { $0.duration.milliseconds > 0 }
        return Array(took.sorted { $0.duration > $1.duration }.prefix(5))
    }

    /// How many images, and entries that gave none, ended so.
    func count(_ status: ImageOutcome.Status) -> Int {
        sync.outcomes.count { $0.status == status }
            + sync.problems.count { $0.failure.verdict == status }
    }

    /// What all copies took together.
    var effort: CopyReceipt {
        var sum = CopyReceipt()
        for receipt in sync.outcomes.flatMap(\.targets).compactMap(\.receipt) { sum += receipt }
        return sum
    }

    /// How many requests were sent to all hosts.
    var requestCount: Int { traffic.reduce(0) { $0 + $1.requestCount } }

    /// What was spent at registries that count pulls.
    var pulls: [PullUsage] { traffic.compactMap(PullUsage.init) }
}

/// What has to be noted when a run begins.
struct RunStart {
    private let time: Timestamp
    private let instant = ContinuousClock.now
    private let context: ProgramContext
    private let required: [Platform]

    init(of config: MirrorConfiguration, in context: ProgramContext) {
        required = config.platforms
        self.context = context
        time = context.now
    }

    /// The report of the run, which ends now.
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
    /// The code that this image alone would give.
    var exitCode: ExitCode {
        let findings: ExitCode = status == .rejected || status == .missing ? .negative : .success
        return .combining([findings] + failures.map { ExitCode($0.failureClass) })
    }

    /// What it took, over all targets.
    var effort: CopyReceipt {
        var sum = CopyReceipt()
        for target in targets { if let receipt = target.receipt { sum += receipt } }
        return sum
    }

    /// Why it is not as it should be, in one line; nil where it is.
    var reason: String? {
        guard !isDone else { return nil }
        let refusal = findings.first { $0.severity == .error }?.message
        return status == .rejected
            ? refusal ?? failures.first?.message : failures.first?.message ?? refusal
    }
}

extension Duration {
    /// Whole milliseconds, or the nearest number that fits.
    var milliseconds: Int { Int(clamping: attoseconds / 1_000_000_000_000_000) }
}
