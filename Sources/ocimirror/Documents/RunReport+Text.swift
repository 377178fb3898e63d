// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Mirroring
internal import OCI
internal import Registry
internal import Validation

extension RunReport {
    /// Returns the report for a terminal: changed images, then those that need attention.
    ///
    /// Unchanged images are listed only if the console is verbose. If it is quiet, the text is empty
    /// unless a result needs attention.
    func text(for console: Console) -> String {
        guard console.volume > .quiet || needsAttention else { return "" }
        let style = console.outputStyle
        var listing = Listing(width: console.width, style: style)
        let shown = sync.outcomes.filter { $0.isListed(at: console.volume) }
        for outcome in shown.filter(\.isDone) + shown.filter({ !$0.isDone }) {
            listing.add(
                [
                    .init(text: outcome.image.id, paint: style.bold),
                    .init(text: outcome.statusText, paint: outcome.status.paint(style)),
                    .init(text: outcome.descriptor?.digest.short ?? "-"),
                    .init(text: outcome.effortSummary, paint: style.dim),
                ],
                details: outcome.details(style),
                failure: outcome.findings.isEmpty ? SharedFailure(outcome.failures) : nil)
        }
        for problem in sync.problems {
            listing.add(
                [
                    .init(text: problem.entry.name, paint: style.bold),
                    .init(text: problem.failure.status.rawValue, paint: style.red),
                ],
                details: problem.failure.details(style), failure: SharedFailure([problem.failure]))
        }
        let images = listing.text
        return images + (images.isEmpty ? "" : "\n")
            + credentials.text(for: console)
            + Listing.lines(summary.map { Listing.Cell(text: $0) }, width: console.width)
    }

    /// A Boolean value that indicates whether the exit code is not 0, or there is a warning.
    private var needsAttention: Bool {
        exitCode != .success || !credentials.all.isEmpty
            || sync.outcomes.contains { $0.hasWarnings }
    }

    private var summary: [String] {
        var lines = ["\(headline) in \(Elapsed(duration: duration))"]
        if let interrupted, !unfinished.isEmpty {
            lines.append("\(interrupted.words), not finished: \(listed(unfinished))")
        }
        lines += PrivateRepositories(sync).lines
        if !effortSummary.isEmpty { lines.append(effortSummary.joined(separator: ", ")) }
        if !traffic.isEmpty { lines.append(requestSummary) }
        lines += pulls.map(\.line)
        if sync.outcomes.count > 1, let slow = slowestInWords { lines.append(slow) }
        return lines + locks.map(\.line)
    }

    private var requestSummary: String {
        let hosts = traffic.map { "\($0.requestCount.grouped) to \($0.host)" }.joined(
            separator: ", ")
        let retries = traffic.reduce(0) { $0 + $1.retries }
        let retried = retries > 0 ? "; \(retries.grouped) retried" : ""
        return "\(counted(requestCount, "request")): \(hosts)\(retried)"
    }

    /// The slowest images, or `nil` if none took longer than a second.
    private var slowestInWords: String? {
        let slow = slowest.prefix(3)
        guard !slow.isEmpty else { return nil }
        let images = slow.map { "\($0.image.id) \(Elapsed(duration: $0.duration))" }
        return "slowest: \(images.joined(separator: ", "))"
    }
}

extension RunReport.WrittenLock {
    /// The result of writing the lock file.
    var line: String {
        guard failure == nil else { return "\(shownPath) could not be written" }
        guard !isWithheld else { return "\(shownPath) not written: no entries" }
        var line = "\(shownPath) \(hasChanged ? "written" : "unchanged")"
        if !update.kept.isEmpty {
            line += "; entries retained: \(listed(update.kept))"
        }
        if !update.dropped.isEmpty {
            line += "; entries removed: \(listed(update.dropped))"
        }
        if let publication { line += "; \(publication.text)" }
        return line
    }
}

extension ImageOutcome.Status {
    fileprivate func paint(_ style: TextStyle) -> (String) -> String {
        switch self {
        case .unchanged: style.dim
        case .validated, .mirrored, .repaired: style.green
        case .rejected, .missing, .failed: style.red
        }
    }
}

extension ImageOutcome {
    /// A Boolean value that indicates whether a finding or a referrer needs a review.
    fileprivate var hasWarnings: Bool {
        findings.contains { $0.severity >= .warning } || !referrerWarnings.isEmpty
    }

    /// Returns a Boolean value that indicates whether the report lists the image.
    fileprivate func isListed(at volume: Console.Volume) -> Bool {
        switch volume {
        case .verbose: true
        case .normal: status != .unchanged || hasWarnings || !effortSummary.isEmpty
        case .quiet: !isDone || hasWarnings
        }
    }

    /// The amount of copied content.
    fileprivate var effortSummary: String {
        let sum = effort
        var parts: [String] = []
        if sum.blobsUploaded > 0 {
            let bytes = ByteCount(bytes: sum.bytesUploaded)
            parts.append("\(bytes) in \(counted(sum.blobsUploaded, "blob"))")
        } else if sum.manifestsPushed > 0 {
            parts.append(counted(sum.manifestsPushed, "manifest"))
        }
        if sum.blobsMounted > 0 { parts.append("\(sum.blobsMounted.grouped) mounted") }
        if sum.blobsPresent > 0 { parts.append("\(sum.blobsPresent) already present") }
        let referrers = targets.reduce(0) { $0 + ($1.referrers.map { $0.copied + $0.tags } ?? 0) }
        if referrers > 0 { parts.append(counted(referrers, "referrer")) }
        return parts.joined(separator: ", ")
    }

    fileprivate func details(_ style: TextStyle) -> [Listing.Cell] {
        findings.map { $0.detail(style) } + failures.flatMap { $0.details(style) }
            + referrerWarnings.map { Listing.Cell(text: "warning: \($0)", paint: style.yellow) }
    }
}

/// The repositories that a run created and that do not allow anonymous pulls.
///
/// This can be intended. Clusters without a pull secret cannot use these repositories, so the
/// report names them.
struct PrivateRepositories {
    private let counts: [RegistryHost: [String]]

    init(_ report: SyncReport) {
        var counts: [RegistryHost: [String]] = [:]
        for target in report.outcomes.flatMap(\.targets) where target.isPublic == false {
            guard case .repository(let repository) = target.location else { continue }
            counts[repository.registry, default: []].append(repository.description)
        }
        self.counts = counts
    }

    /// One line per registry, with the number of repositories, an example and a suggestion.
    var lines: [String] {
        counts.sorted { $0.key.name < $1.key.name }.map { host, names in
            let repositories = counted(names.count, "new repository", plural: "new repositories")
            return
                "\(repositories) at \(host) \(names.count == 1 ? "is" : "are") not public, such as "
                + "\(names[0]); \(RegistryProfile.of(host).visibilityAdvice)"
        }
    }
}
