// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Mirroring
internal import OCI
internal import Registry
internal import StrictJSON
internal import TextSafety

/// The format of log lines on standard error.
enum LogFormat: String, CaseIterable, ArgumentValue {
    /// Plain text.
    case text
    /// One JSON object per line.
    case json
}

/// A log line on standard error, in either format.
struct LogEntry {
    /// The severity, in ascending order.
    enum Level: String, CaseIterable, Comparable {
        case debug
        case info
        case warning
        case error

        static func < (first: Level, second: Level) -> Bool { first.rank < second.rank }

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// The kind of event.
    ///
    /// The names are stable.
    enum Event: String, CaseIterable {
        case message
        case configuration
        case imageStarted = "image-started"
        case copying
        case tagRetained = "tag-retained"
        case imageFinished = "image-finished"
        case progress
        case request
        case retry
        case hostUnreachable = "host-unreachable"
        case anonymousFallback = "anonymous-fallback"
        case credential
        case credentialTrimmed = "credential-trimmed"
        case credentialsRejected = "credentials-rejected"
        case pulls
        case tagsSkipped = "tags-skipped"
        case registryWarning = "registry-warning"
        case interrupted
    }

    var level: Level
    var event: Event
    /// The message; untrusted text in it is encoded when it is written.
    var text: String
    var fields: [JSONValue.Member] = []

    /// Creates an entry.
    init(
        _ level: Level, _ event: Event, text: String,
        fields: KeyValuePairs<String, JSONValue> = [:]
    ) {
        self.level = level
        self.event = event
        self.text = text
        self.fields = fields.map { JSONValue.Member($0.key, $0.value) }
    }

    /// Returns the stable object that `Documentation/json.md` describes.
    func json(at time: Timestamp) -> JSONValue {
        let head: JSONValue = [
            "time": .string(time.description),
            "level": .string(level.rawValue),
            "event": .string(event.rawValue),
            "message": .string(UntrustedText(text).display(limit: .max)),
        ]
        guard case .object(let members) = head else { return head }
        return .object(members + fields)
    }
}

extension LogEntry {
    /// Creates an entry for an event of an image, with the numbers of finished and of all images.
    init(_ event: MirrorEvent, finished: Int, of total: Int) {
        switch event {
        case .started(let image):
            self.init(
                .debug, .imageStarted, text: "\(image.id): resolving \(image.sourceText)",
                fields: ["image": .string(image.id), "source": .string(image.sourceText)])
        case .copying(let image, let target, let bytes):
            self.init(
                .info, .copying,
                text: "\(image.id): copying to \(target) (\(ByteCount(bytes: bytes)))",
                fields: [
                    "image": .string(image.id), "target": .string(target.description),
                    "bytes": .integer(bytes),
                ])
        case .kept(let tag, let location):
            self.init(
                .debug, .tagRetained, text: "\(location): previous digest retained as \(tag)",
                fields: ["target": .string(location.description), "tag": .string(tag.name)])
        case .finished(let outcome):
            let sent = outcome.effort.bytesUploaded
            let words = [
                outcome.labeledReason, sent > 0 ? "\(ByteCount(bytes: sent)) uploaded" : nil,
                "\(Elapsed(duration: outcome.duration))",
            ]
            let text = ([outcome.statusText] + words.compactMap(\.self)).joined(
                separator: ", ")
            self.init(
                outcome.logLevel, .imageFinished,
                text: "\(outcome.image.id): \(text) (\(finished) of \(total))",
                fields: [
                    "image": .string(outcome.image.id),
                    "status": .string(outcome.status.rawValue),
                    "reason": .optional(outcome.reason),
                    "digest": .optional(outcome.descriptor?.digest.description),
                    "bytes": .integer(sent),
                    "milliseconds": .integer(outcome.duration.milliseconds),
                    "finished": .integer(finished),
                    "total": .integer(total),
                ])
        }
    }

    /// Creates an entry for an event of the registry client.
    init(_ event: RegistryEvent) {
        switch event {
        case .requestFinished(let host, let kind, let status, let bytes, let trace):
            let request = trace.map { "\($0.method) \($0.url)" } ?? "\(kind.rawValue) \(host)"
            let time = trace.map { ", \(Elapsed(duration: $0.duration))" } ?? ""
            self.init(
                .debug, .request,
                text: "\(request): \(status.map(String.init) ?? "aborted"), \(bytes) bytes\(time)",
                fields: [
                    "host": .string(host), "kind": .string(kind.rawValue),
                    "method": .optional(trace?.method), "url": .optional(trace?.url),
                    "code": status.map(JSONValue.integer) ?? .null, "bytes": .integer(bytes),
                    "milliseconds": trace.map { .integer($0.duration.milliseconds) } ?? .null,
                ])
        case .retryWaiting(let host, let reason, let duration):
            self.init(
                .info, .retry,
                text: "\(host): \(reason); retrying in \(Elapsed(duration: duration))",
                fields: [
                    "host": .string(host.name), "reason": .string(reason),
                    "milliseconds": .integer(duration.milliseconds),
                ])
        case .hostGivenUp(let host, let reason):
            self.init(
                .error, .hostUnreachable,
                text: "\(host) is unreachable: \(reason); no more requests in this run",
                fields: ["host": .string(host), "reason": .string(reason)])
        case .anonymousFallback(let repository, let source):
            self.init(
                .info, .anonymousFallback,
                text: "\(repository): read anonymously; credentials from \(source) were rejected",
                fields: [
                    "repository": .string(repository.description), "credential": .string(source),
                ])
        case .credentialUsed(let host, let source):
            self.init(
                .debug, .credential, text: "\(host): using credentials from \(source)",
                fields: ["host": .string(host.name), "credential": .string(source)])
        case .credentialTrimmed(let host, let source):
            self.init(
                .warning, .credentialTrimmed,
                text: "\(host): removed line breaks from the end of the credentials from \(source)",
                fields: ["host": .string(host.name), "credential": .string(source)])
        case .credentialAccepted(let host, let source):
            self.init(
                .debug, .credential, text: "\(host): accepted the credentials from \(source)",
                fields: ["host": .string(host.name), "credential": .string(source)])
        case .credentialRejected(let rejected):
            self.init(
                .warning, .credentialsRejected, text: "\(rejected.registry): \(rejected)",
                fields: [
                    "host": .string(rejected.registry.name),
                    "credential": .string(rejected.source), "user": .optional(rejected.user),
                    "rejectedBy": .string(rejected.rejectedBy),
                    "code": rejected.status.map(JSONValue.integer) ?? .null,
                ])
        case .pullsRemaining(let host, let count):
            self.init(
                .debug, .pulls, text: "\(host): \(counted(count, "pull")) remaining",
                fields: ["host": .string(host.name), "remaining": .integer(count)])
        case .warningReceived(let host, let text):
            self.init(
                .warning, .registryWarning, text: "\(host): \(text.display(limit: 300))",
                fields: ["host": .string(host), "text": .string(text.display(limit: 300))])
        case .invalidTagsSkipped(let repository, let count):
            self.init(
                .warning, .tagsSkipped,
                text: "\(repository): skipped \(counted(count, "invalid tag name"))",
                fields: ["repository": .string(repository.description), "count": .integer(count)])
        }
    }

    /// Creates an entry with the progress of a run.
    init(_ snapshot: ProgressSnapshot) {
        var parts = [snapshot.count, snapshot.bytes, snapshot.speed, snapshot.timeRemaining]
            .compactMap(\.self)
        let sample = snapshot.sample
        if sample.transfers.isEmpty, !sample.activeNames.isEmpty {
            parts.append("processing \(sample.activeNames.prefix(6).joined(separator: ", "))")
        }
        let lines = [parts.joined(separator: ", ")] + snapshot.throttledHosts.map(\.line)
        self.init(
            .info, .progress, text: lines.joined(separator: "; "),
            fields: [
                "finished": .integer(sample.finishedCount),
                "total": .integer(sample.totalCount),
                "needsAttention": .integer(sample.failedCount),
                "active": .array(sample.activeNames.map(JSONValue.string)),
                "transferredBytes": .integer(sample.completedBytes),
                "expectedBytes": .integer(sample.expectedBytes),
                "bytesPerSecond": .integer(snapshot.bytesPerSecond),
                "secondsRemaining": snapshot.remaining.map { .integer($0.milliseconds / 1000) }
                    ?? .null,
                "throttled": .array(
                    snapshot.throttledHosts.map {
                        [
                            "host": .string($0.host), "reason": .string($0.reason),
                            "milliseconds": .integer($0.remaining.milliseconds),
                        ]
                    }),
            ])
    }

    /// Creates an entry for the interruption of a run.
    init(_ cause: Interruption.Cause) {
        let hint = if case .signal = cause { "; press Ctrl-C again to abort" } else { "" }
        self.init(
            .info, .interrupted, text: "\(cause.words): finishing up\(hint)",
            fields: ["endedBy": .string(cause.name)])
    }

    /// Creates an entry for a problem in the configuration.
    init(_ diagnostic: ConfigurationDiagnostic) {
        self.init(
            diagnostic.isWarning ? .warning : .error, .configuration, text: diagnostic.headline,
            fields: [
                "path": .string(diagnostic.file), "line": .integer(diagnostic.line),
                "column": .integer(diagnostic.column),
            ])
    }
}

extension ImageOutcome {
    /// The level of the log line about the finished image.
    ///
    /// Images that fail because of an unreachable host have one line about the host instead.
    fileprivate var logLevel: LogEntry.Level {
        guard !isDone else { return status == .unchanged ? .debug : .info }
        return problems.allSatisfy { $0.sharedFailure?.cause.isUnreachable ?? false }
            ? .debug : .error
    }
}
