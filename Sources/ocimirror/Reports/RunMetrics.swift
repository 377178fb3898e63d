// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Mirroring
internal import OCI
internal import Registry
internal import Validation
internal import TextSafety

/// The metrics of a run for Prometheus; `Documentation/reports.md` lists their names.
struct RunMetrics {
    let text: String

    /// Creates the metrics of a run.
    ///
    /// - Parameters:
    ///   - report: The run.
    ///   - lastSuccess: The time at which the last run before this one ended with code 0, or `nil` if
    ///     it is unknown.
    init(_ report: RunReport, lastSuccess: Int?) {
        var page = MetricsPage()
        page.addRun(report, lastSuccess: lastSuccess)
        page.addImages(report)
        page.addCredentials(report)
        page.addBytes(report)
        page.addHosts(report)
        text = page.text
    }

    /// Returns the time of the last success in a metrics file, in seconds since 1970, or `nil` if
    /// there is none.
    static func lastSuccess(in page: String) -> Int? {
        let name = "ocimirror_last_success_timestamp_seconds "
        return page.split(separator: "\n").first { $0.hasPrefix(name) }
            .flatMap { Int($0.dropFirst(name.count)) }
    }
}

extension MetricsPage {
    fileprivate mutating func addRun(_ report: RunReport, lastSuccess: Int?) {
        let end = report.began.secondsSinceEpoch + report.duration.milliseconds / 1000
        add(
            "build_info", help: "The version of ocimirror.",
            [Sample(1, ["version": Program.version])])
        add(
            "run_end_timestamp_seconds",
            help: "The time at which the last run ended, in seconds since 1970-01-01.",
            [Sample(end)])
        add(
            "run_duration_seconds", help: "The duration of the last run.",
            [Sample(report.duration.milliseconds, isMilliseconds: true)])
        add(
            "run_exit_code", help: "The exit code of the last run.",
            [Sample(Int(report.exitCode.rawValue))])
        add(
            "last_success_timestamp_seconds",
            help:
                "The time at which a run last ended with exit code 0, in seconds since 1970-01-01.",
            (report.exitCode == .success ? end : lastSuccess).map { [Sample($0)] } ?? [])
    }

    fileprivate mutating func addImages(_ report: RunReport) {
        add(
            "images", help: "The number of images with each status in the last run.",
            ImageOutcome.Status.allCases.map {
                Sample(report.count($0), ["status": $0.rawValue])
            } + [Sample(report.unfinished.count, ["status": "unfinished"])])
        add(
            "image_success",
            help: "Set to 1 if the image is valid and present at all targets, otherwise 0.",
            report.sync.outcomes.map { Sample($0.isDone ? 1 : 0, ["id": encoded($0.image.id)]) })
        add(
            "image_duration_seconds", help: "The time that the last run took for the image.",
            report.sync.outcomes.map {
                Sample(
                    $0.duration.milliseconds, ["id": encoded($0.image.id)], isMilliseconds: true)
            })
        add(
            "exception_expiry_timestamp_seconds",
            help:
                "The time at which the exception for the image expires, in seconds since 1970-01-01.",
            report.sync.outcomes.compactMap { outcome in
                outcome.image.entry.exception?.until.map {
                    Sample(($0.daysSinceEpoch + 1) * 86_400, ["id": encoded(outcome.image.id)])
                }
            })
        let findings =
            report.sync.outcomes.flatMap(\.findings) + report.credentials.all.map(\.finding)
        let found = Dictionary(grouping: findings) {
            FindingKind(id: $0.id.rawValue, severity: $0.severity.rawValue)
        }
        add(
            "findings", help: "The number of findings of each kind in the last run.",
            found.sorted { $0.key < $1.key }.map { kind, findings in
                Sample(findings.count, ["finding": kind.id, "severity": kind.severity])
            })
    }

    fileprivate mutating func addCredentials(_ report: RunReport) {
        let counts = Dictionary(grouping: report.credentials.all, by: \.registry)
        add(
            "credentials_rejected",
            help: "The number of credentials for the registry that were rejected.",
            counts.sorted { $0.key < $1.key }.map {
                Sample($0.value.count, ["registry": encoded($0.key)])
            })
    }

    fileprivate mutating func addBytes(_ report: RunReport) {
        let effort = report.effort
        add(
            "blobs", help: "The number of blobs that were uploaded, mounted or already present.",
            [
                Sample(effort.blobsUploaded, ["result": "uploaded"]),
                Sample(effort.blobsMounted, ["result": "mounted"]),
                Sample(effort.blobsPresent, ["result": "present"]),
            ])
        add(
            "blob_bytes",
            help: "The size of the blobs that were uploaded, mounted or already present.",
            [
                Sample(effort.bytesUploaded, ["result": "uploaded"]),
                Sample(effort.bytesMounted, ["result": "mounted"]),
                Sample(effort.bytesPresent, ["result": "present"]),
            ])
    }

    fileprivate mutating func addHosts(_ report: RunReport) {
        let hosts = report.traffic
        add(
            "requests", help: "The number of requests that the last run sent to the host.",
            hosts.flatMap { host in
                host.requests.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                    Sample($0.value, ["host": encoded(host.host), "kind": $0.key.rawValue])
                }
            })
        add(
            "retries", help: "The number of requests that were retried.",
            hosts.map { Sample($0.retries, ["host": encoded($0.host)]) })
        add(
            "received_bytes", help: "The size of the bodies received from the host.",
            hosts.map { Sample($0.bytesRead, ["host": encoded($0.host)]) })
        add(
            "sent_bytes", help: "The size of the bodies sent to the host.",
            hosts.map { Sample($0.bytesWritten, ["host": encoded($0.host)]) })
        add(
            "pulls_used",
            help: "The number of pulls of the last run that count against the pull rate limit.",
            report.pulls.map { Sample($0.spent, ["registry": encoded($0.host)]) })
        add(
            "pulls_remaining", help: "The number of pulls remaining, as reported by the registry.",
            report.pulls.map { Sample($0.left, ["registry": encoded($0.host)]) })
    }
}

/// A finding's id and severity.
private struct FindingKind: Hashable, Comparable {
    let id: String
    let severity: String

    static func < (first: FindingKind, second: FindingKind) -> Bool {
        (first.id, first.severity) < (second.id, second.severity)
    }
}

/// Returns untrusted text encoded for a label.
private func encoded(_ text: String) -> String { UntrustedText(text).display }
