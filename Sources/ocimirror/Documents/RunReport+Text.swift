// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import Registry
internal import Validation

extension RunReport {
    /// Returns the report for a terminal.
    func text(for console: Console) -> String {
        let style = console.outputStyle
        var listing = Listing(width: console.width)
        for outcome in sync.outcomes {
            listing.add(
                [
                    .init(text: outcome.image.id, paint: style.bold),
                    .init(text: outcome.status.rawValue, paint: outcome.status.paint(style)),
                    .init(text: outcome.descriptor?.digest.short ?? "-"),
                    .init(text: outcome.effortSummary, paint: style.dim),
                ],
                details: outcome.details(style))
        }
        for problem in sync.problems {
            listing.add(
                [
                    .init(text: problem.entry.name, paint: style.bold),
                    .init(text: problem.failure.status.rawValue, paint: style.red),
                ],
                details: problem.failure.details(style))
        }
        return listing.text + "\n" + credentials.text(for: console)
            + summary.joined(separator: "\n") + "\n"
    }

    private var summary: [String] {
        var lines = ["\(headline) in \(Elapsed(duration: duration))"]
        if !idsNeedingAttention.isEmpty { lines.append("needs attention: \(idsNeedingAttention)") }
        if let interrupted, !unfinished.isEmpty {
            lines.append(
                "\(interrupted.words), not finished: \(unfinished.joined(separator: ", "))")
        }
        lines += PrivateRepositories(sync).lines
        if !effortSummary.isEmpty { lines.append(effortSummary.joined(separator: ", ")) }
        if !traffic.isEmpty { lines.append(requestSummary) }
        lines += pulls.map(\.line)
        if sync.outcomes.count > 1, let slow = slowestInWords { lines.append(slow) }
        return lines + locks.map(\.line)
    }

    /// The images that need attention, with their status, and whether the source or a target
    /// failed.
    private var idsNeedingAttention: String {
        var seen: Set<String> = []
        return problems.filter { seen.insert($0.id).inserted }.map { problem in
            let role = problem.role.map { ", \($0.rawValue)" } ?? ""
            return "\(problem.id) (\(problem.status.rawValue)\(role))"
        }.joined(separator: ", ")
    }

    private var requestSummary: String {
        let hosts = traffic.map { "\($0.requestCount) to \($0.host)" }.joined(separator: ", ")
        let retries = traffic.reduce(0) { $0 + $1.retries }
        let retried = retries > 0 ? "; \(retries) retried" : ""
        return "\(counted(requestCount, "request")): \(hosts)\(retried)"
    }

    /// The slowest images, or `nil` if none took longer than a second.
    private var slowestInWords: String? {
        let slow = slowest.prefix(3).filter { $0.duration >= .seconds(1) }
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
            line += ", entries retained: \(update.kept.joined(separator: ", "))"
        }
        if !update.dropped.isEmpty {
            line += ", entries removed: \(update.dropped.joined(separator: ", "))"
        }
        if let publication { line += ", \(publication.text)" }
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
        if sum.blobsMounted > 0 { parts.append("\(sum.blobsMounted) mounted") }
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
