// SPDX-License-Identifier: Apache-2.0

import OCI
import Registry
import RegistryTestSupport
import Testing
import Validation

@testable import Mirroring
@testable import ocimirror

/// The metrics for Prometheus.
@Suite struct MetricsTests {
    @Test func `are valid in Prometheus' text format`() throws {
        let exposition = try Exposition(RunMetrics(try Self.run().report, lastSuccess: nil).text)
        #expect(exposition.values["ocimirror_images{status=mirrored}"] == "1")
        #expect(exposition.values["ocimirror_images{status=missing}"] == "0")
        #expect(exposition.values["ocimirror_image_success{id=grafana}"] == "1")
        #expect(exposition.values["ocimirror_image_success{id=liar}"] == "0")
        #expect(exposition.values["ocimirror_image_duration_seconds{id=grafana}"] == "0.042")
        #expect(exposition.values["ocimirror_run_exit_code{}"] == "1")
        #expect(exposition.values["ocimirror_run_end_timestamp_seconds{}"] == "1782871212")
        #expect(exposition.values["ocimirror_blob_bytes{result=mounted}"] == "700")
        #expect(
            exposition.values["ocimirror_findings{finding=config-mismatch,severity=error}"] == "1")
        #expect(
            exposition.values["ocimirror_requests{host=docker.io,kind=manifest-get}"] == "2")
        #expect(exposition.values["ocimirror_pulls_remaining{registry=docker.io}"] == "76")
        #expect(exposition.values["ocimirror_last_success_timestamp_seconds{}"] == nil)
    }

    @Test(arguments: SampleRun.hostileTexts)
    func `D05 untrusted text ends neither a label nor a line`(text: String) throws {
        let report = try SampleRun.hostile(text).report
        let exposition = try Exposition(RunMetrics(report, lastSuccess: 5).text)
        let hosts = exposition.values.keys.filter { $0.hasPrefix("ocimirror_received_bytes{") }
        #expect(hosts.count == 1)
        #expect(exposition.values["ocimirror_last_success_timestamp_seconds{}"] == "5")
    }

    @Test func `of a failed run contain the time of the last success`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        source.publish(ImageBuilder().multiPlatform(seed: 1), repository: "app", tag: "1.0")
        let workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/app:1.0"], to: "\(target.host)/mirror",
                plain: [source.host, target.host]
            ).text)
        #expect(try await workspace.run("sync", "--metrics", "out/mirror.prom").status == 0)
        let first = try Exposition(workspace.folder.text("out/mirror.prom"))
        let success = try #require(first.values["ocimirror_last_success_timestamp_seconds{}"])
        #expect(success == first.values["ocimirror_run_end_timestamp_seconds{}"])
        source.inject(.on(nil, "/manifests/*", .answer(.unsupported)))
        let run = try await workspace.run("sync", "--metrics", "out/mirror.prom")
        #expect(run.status != 0)
        let second = try Exposition(workspace.folder.text("out/mirror.prom"))
        #expect(second.values["ocimirror_last_success_timestamp_seconds{}"] == success)
        #expect(second.values["ocimirror_run_exit_code{}"] == "\(run.status)")
        #expect(try await workspace.shell("ls -A out") == "mirror.prom\n")
    }

    @Test func `have the documented names`() async throws {
        let reference = "\(Workspace.project)/Documentation/reports.md"
        let documented = try await Workspace().shell("cat \(reference)")
            .matches(of: /\| `(ocimirror_\w+)`/).map { String($0.output.1) }
        var run = try Self.run()
        run.duration = .seconds(1)
        let rejected = RejectedCredential(
            registry: .dockerHub, source: "mirror.yaml", rejectedBy: "auth.docker.io", status: 401)
        run.credentials = CredentialFindings([
            CredentialFinding(credential: rejected, anonymousReads: [])
        ])
        let written = try Exposition(RunMetrics(run.report, lastSuccess: 1).text).names
        #expect(written == documented)
    }

    private static func run() throws -> SampleRun {
        var run = SampleRun()
        let end = CalendarDay(parsing: "2026-12-31")
        try run.add(
            .mirrored, "grafana",
            exception: PlatformException(platforms: [.linuxAMD64], reason: "x", until: end)
        ) { outcome in
            outcome.duration = .milliseconds(42)
            var receipt = CopyReceipt()
            receipt.blobsMounted = 1
            receipt.bytesMounted = 700
            outcome.targets[0].state = .copied(receipt)
        }
        try run.add(.rejected, "liar") {
            $0.findings = [Finding(.configMismatch, .error, "not arm64")]
        }
        for _ in 0..<2 {
            run.traffic.record(
                .requestFinished(host: "docker.io", kind: .manifestGet, status: 200, bytes: 99))
        }
        run.traffic.record(.pullsRemaining(host: .dockerHub, count: 76))
        return run
    }
}

/// A strict parser of metrics.
///
/// Source: "Exposition formats" of Prometheus' documentation; the rules of `promtool check
/// metrics`.
private struct Exposition {
    /// The families, in their order.
    private(set) var names: [String] = []
    /// The values by name and labels, in the order of the labels.
    private(set) var values: [String: String] = [:]

    struct Malformed: Error { let line: String }

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Malformed(line: "no line break at the end") }
        var help: Substring?
        for line in text.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            if let match = line.wholeMatch(of: /# HELP ([a-z][a-z_]*) [A-Z][^\\]*\./) {
                guard help == nil, !names.contains(String(match.output.1)) else {
                    throw Malformed(line: String(line))
                }
                help = match.output.1
            } else if let match = line.wholeMatch(of: /# TYPE ([a-z_]+) gauge/) {
                guard help == match.output.1 else { throw Malformed(line: String(line)) }
                names.append(String(match.output.1))
                help = nil
            } else {
                try addSample(line)
            }
        }
    }

    private mutating func addSample(_ line: Substring) throws {
        let form = /([a-z_]+)(?:\{(.*)\})? ([0-9]+(?:\.[0-9]+)?)/
        guard let match = line.wholeMatch(of: form), names.last == String(match.output.1) else {
            throw Malformed(line: String(line))
        }
        var rest = match.output.2 ?? ""
        var labels: [String] = []
        while !rest.isEmpty {
            let pair = /([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/
            guard let label = rest.prefixMatch(of: pair.matchingSemantics(.unicodeScalar)) else {
                throw Malformed(line: String(line))
            }
            labels.append("\(label.output.1)=\(label.output.2)")
            rest = rest[label.range.upperBound...]
        }
        let key = "\(match.output.1){\(labels.joined(separator: ","))}"
        guard values.updateValue(String(match.output.3), forKey: key) == nil else {
            throw Malformed(line: String(line))
        }
    }
}
