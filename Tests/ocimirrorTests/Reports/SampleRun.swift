// SPDX-License-Identifier: Apache-2.0

import Content
import Lockfiles
import OCI
import Registry
import Validation
import TextSafety

@testable import Mirroring
@testable import ocimirror

/// A run made of literals, for the report formats.
struct SampleRun {
    var outcomes: [ImageOutcome] = []
    var unfinished: [PlannedImage] = []
    var locks: [RunReport.WrittenLock] = []
    var traffic = RequestStatistics()
    var credentials = CredentialFindings()
    var duration = Duration.milliseconds(12_345)
    var interrupted: Interruption.Cause?

    static let required = ImageRequirements(platforms: [.linuxAMD64, .linuxARM64], level: .content)

    /// 2026-07-01 02:00 UTC.
    static let began = Timestamp(secondsSinceEpoch: 1_782_871_200)

    var report: RunReport {
        RunReport(
            sync: SyncReport(outcomes: outcomes, unfinished: unfinished),
            required: [.linuxAMD64, .linuxARM64], locks: locks,
            credentials: credentials, traffic: traffic.counts, began: Self.began,
            duration: duration, interrupted: interrupted)
    }

    /// Adds an image that the test can modify.
    @discardableResult
    mutating func add(
        _ status: ImageOutcome.Status, _ id: String, _ source: String = "docker.io/library/app:1.0",
        exception: PlatformException? = nil, _ change: (inout ImageOutcome) -> Void = { _ in }
    ) throws -> ImageOutcome {
        var resolved = ResolvedImage(image: try Self.image(id, source, exception: exception))
        if status != .missing { resolved.descriptor = Self.descriptor(outcomes.count + 1) }
        resolved.targets = [ImageTarget(location: try Self.target(id), state: .upToDate)]
        var outcome = ImageOutcome(resolved, Self.required)
        outcome.status = status
        outcome.duration = .milliseconds(1500)
        change(&outcome)
        outcomes.append(outcome)
        return outcome
    }

    static func image(
        _ id: String, _ source: String = "docker.io/library/app:1.0",
        exception: PlatformException? = nil
    ) throws -> PlannedImage {
        let reference = try Reference(parsing: source)
        let entry = ImageEntry(
            source: .repository(reference.repository),
            selection: .one(tag: reference.tag, digest: nil), name: id, exception: exception)
        return PlannedImage(id: id, entry: entry, tag: reference.tag, digest: reference.digest)
    }

    static func target(_ id: String) throws -> StoreLocation {
        .repository(try Repository(registry: RegistryHost(parsing: "ghcr.io"), path: "acme/app"))
    }

    /// Returns the descriptor of an index with a digest that contains a number.
    static func descriptor(_ number: Int) -> Descriptor {
        Descriptor(mediaType: .ociIndex, digest: digest(number), size: 1600 + number)
    }

    static func digest(_ number: Int) -> Digest {
        let hex = String(number, radix: 16)
        let text = "sha256:" + hex + String(repeating: "0", count: 64 - hex.count)
        guard let digest = try? Digest(parsing: text) else { preconditionFailure(text) }
        return digest
    }

    /// Returns the facts of both platforms, with sizes and dates.
    static func facts(
        _ number: Int = 1, labels: [ImageFacts.Label: String] = [:],
        created: String = "2026-06-20T10:00:00Z"
    ) -> ImageFacts {
        ImageFacts(
            platforms: [Platform.linuxAMD64, .linuxARM64].enumerated().map { place, platform in
                ImageFacts.PlatformFacts(
                    platform: platform, digest: digest(number * 100 + place), size: 2197,
                    downloadSize: (number + place + 1) * 12_345_678,
                    created: UntrustedText(created))
            }, downloadSize: (number + 2) * 23_456_789,
            labels: labels.mapValues(UntrustedText.init))
    }

    /// Returns a lock file that could not be written because the disk was full.
    static func unwrittenLock() throws -> RunReport.WrittenLock {
        let text = """
            version: 1
            targets: [{prefix: ghcr.io/acme, lock: images.lock.yaml}]
            images: [app:1.0]

            """
        let loader = ConfigurationLoader(
            file: "mirror.yaml", environment: [:], baseDirectory: "/srv")
        let configuration = try loader.load(text: Array(text.utf8)).configuration
        let update = LockUpdate(
            from: nil, for: configuration.targets[0],
            plan: Planner(configuration: configuration).offlinePlan(), report: SyncReport(),
            configuration: configuration)
        return RunReport.WrittenLock(
            path: "/srv/images.lock.yaml", shownPath: "images.lock.yaml", update: update,
            failure: ImageFailure(.unavailable, "no space left on the disk"))
    }

    /// Attack strings.
    static let hostileTexts = [
        "@everyone Fixes #1", "</details><img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
        String(repeating: "`", count: 50), "a | b \\| c `d` | @everyone", "\\`@everyone\\`",
        "\u{1B}[2J\u{202E}gnp.exe", "line\n::add-mask::x\r\n##vso[task.complete]",
        "\"><script>alert(1)</script>", "' onmouseover='alert(1)", "{{ 7 * 7 }} ${{ secrets.X }}",
        "<!-- --> ]]> &amp; &#60;b&#62;", "<style>*{display:none}</style>", "https://evil.example/",
        "\u{0}\u{FFFD}\u{2028}", "EOF\nPATH=/tmp",
        // A combining accent makes one Character with a delimiter, but parsers ignore that.
        "`\u{301}@everyone Fixes #1`\u{301}", "a |\u{301} b", "a \\\u{301}| b\\\u{301}",
        "`\u{301}<img src=x>`\u{301}",
        "\"\u{301} onerror='\u{301}x'\u{301} &\u{301}lt; >\u{301}<\u{301}",
        " ::\u{301}error::x #\u{301}#\u{301}[error]x ##[\u{301}",
    ]

    /// Returns a run in which each untrusted text is `text`.
    static func hostile(_ text: String) throws -> SampleRun {
        var run = SampleRun()
        let shown = UntrustedText(text).display
        try run.add(
            .rejected, "rejected",
            exception: PlatformException(platforms: [.linuxAMD64], reason: shown)
        ) { outcome in
            outcome.findings = [
                Finding(.configMismatch, .error, platform: .linuxARM64, shown),
                Finding(.tagMoved, .warning, shown), Finding(.exceptionUsed, .note, shown),
            ]
            outcome.facts = facts(
                labels: [.revision: text, .source: text, .created: text, .version: text],
                created: text)
        }
        try run.add(.failed, "failed") { outcome in
            outcome.failure = ImageFailure(.unavailable, role: .source, shown, hint: shown)
            outcome.targets[0].state = .failed(
                ImageFailure(.denied, role: .target, shown, hint: shown))
        }
        run.traffic.record(
            .requestFinished(host: text, kind: .manifestGet, status: 200, bytes: 10))
        return run
    }
}
