// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Mirroring
internal import OCI
internal import Registry
internal import Validation
internal import TextSafety

/// The figures of a run for Prometheus; `Documentation/reports.md` lists the names.
struct RunMetrics {
    let text: String

    /// Writes down the figures.
    ///
    /// - Parameters:
    ///   - report: the run.
    ///   - lastSuccess: when a run last ended with code 0, of those before this one; nil where
    ///     nobody knows.
    init(_ report: RunReport, lastSuccess: Int?) {
        var page = MetricsPage()
        page.addRun(report, lastSuccess: lastSuccess)
        page.addImages(report)
        page.addCredentials(report)
        page.addBytes(report)
        page.addHosts(report)
        text = page.text
    }

    /// What an earlier page says of the last success.
    static func lastSuccess(in page: String) -> Int? {
        let name = "ocimirror_last_success_timestamp_seconds "
        return page.split(separator: "\n").first { $0.hasPrefix(name) }
            .flatMap { Int($0.dropFirst(name.count)) }
    }
}

extension MetricsPage {
    fileprivate mutating func addRun(_ report: RunReport, lastSuccess: Int?) {
        let end = report.began.secondsSinceEpoch + report.duration.milliseconds / 1000
        add("build_info", "The version that ran.", [Sample(1, ["version": Program.version])])
        add(
            "run_timestamp_seconds", "When the last run ended, in seconds since 1970-01-01.",
            [Sample(end)])
        add(
            "run_duration_seconds", "How long the last run took.",
            [Sample(report.duration.milliseconds, isMilliseconds: true)])
        add(
            "run_exit_code", "The exit code of the last run.",
            [Sample(Int(report.exitCode.rawValue))])
        add(
            "last_success_timestamp_seconds",
            "When a run last ended with exit code 0, in seconds since 1970-01-01.",
            (report.exitCode == .success ? end : lastSuccess).map { [Sample($0)] } ?? [])
    }

    fileprivate mutating func addImages(_ report: RunReport) {
        add(
            "images", "How many images the last run left in each state.",
            ImageOutcome.Status.allCases.map {
                Sample(report.count($0), ["outcome": $0.rawValue])
            } + [Sample(report.unfinished.count, ["outcome": "unfinished"])])
        add(
            "image_good", "Whether an image is at every target as it should be.",
            report.sync.outcomes.map { Sample($0.isDone ? 1 : 0, ["id": shown($0.image.id)]) })
        add(
            "image_duration_seconds", "How long the last run took for an image.",
            report.sync.outcomes.map {
                Sample(
                    $0.duration.milliseconds, ["id": shown($0.image.id)], isMilliseconds: true)
            })
        add(
            "exception_end_timestamp_seconds",
            "The end of the last day on which an image's exception excuses it.",
            report.sync.outcomes.compactMap { outcome in
                outcome.image.entry.exception?.until.map {
                    Sample(($0.daysSinceEpoch + 1) * 86_400, ["id": shown(outcome.image.id)])
                }
            })
        let findings =
            report.sync.outcomes.flatMap(\.findings) + report.credentials.all.map(\.finding)
        let found = Dictionary(grouping: findings) {
            FindingKind(id: $0.id.rawValue, severity: $0.severity.rawValue)
        }
        add(
            "findings", "How many findings of each kind the last run had.",
            found.sorted { $0.key < $1.key }.map { kind, findings in
                Sample(findings.count, ["finding": kind.id, "severity": kind.severity])
            })
    }

    fileprivate mutating func addCredentials(_ report: RunReport) {
        let counts = Dictionary(grouping: report.credentials.all, by: \.registry)
        add(
            "credentials_rejected", "How many credentials for a registry were rejected.",
            counts.sorted { $0.key < $1.key }.map {
                Sample($0.value.count, ["registry": shown($0.key)])
            })
    }

    fileprivate mutating func addBytes(_ report: RunReport) {
        let effort = report.effort
        add(
            "blobs", "How many blobs came to targets in which way.",
            [
                Sample(effort.blobsUploaded, ["how": "sent"]),
                Sample(effort.blobsMounted, ["how": "mounted"]),
                Sample(effort.blobsPresent, ["how": "present"]),
            ])
        add(
            "blob_bytes", "How many bytes of blobs came to targets in which way.",
            [
                Sample(effort.bytesUploaded, ["how": "sent"]),
                Sample(effort.bytesMounted, ["how": "mounted"]),
                Sample(effort.bytesPresent, ["how": "present"]),
            ])
    }

    fileprivate mutating func addHosts(_ report: RunReport) {
        let hosts = report.traffic
        add(
            "requests", "How many requests the last run sent to a host.",
            hosts.flatMap { host in
                host.requests.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                    Sample($0.value, ["host": shown(host.host), "kind": $0.key.rawValue])
                }
            })
        add(
            "retries", "How many of them were sent again.",
            hosts.map { Sample($0.retries, ["host": shown($0.host)]) })
        add(
            "read_bytes", "How many bytes of bodies came from a host.",
            hosts.map { Sample($0.bytesRead, ["host": shown($0.host)]) })
        add(
            "written_bytes", "How many bytes of bodies went to a host.",
            hosts.map { Sample($0.bytesWritten, ["host": shown($0.host)]) })
        add(
            "pulls_spent", "How many pulls the last run took from a registry's allowance.",
            report.pulls.map { Sample($0.spent, ["registry": shown($0.host)]) })
        add(
            "pulls_left", "How many pulls a registry says are left.",
            report.pulls.map { Sample($0.left, ["registry": shown($0.host)]) })
    }
}

/// A finding's id with its severity.
private struct FindingKind: Hashable, Comparable {
    let id: String
    let severity: String

    static func < (first: FindingKind, second: FindingKind) -> Bool {
        (first.id, first.severity) < (second.id, second.severity)
    }
}

/// A name without anything that a reader of the file could obey.
private func shown(_ text: String) -> String { UntrustedText(text).display }
