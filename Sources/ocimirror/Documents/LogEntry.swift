// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Mirroring
internal import OCI
internal import Registry
internal import StrictJSON

/// How lines on standard error are written.
enum LogFormat: String, CaseIterable, ArgumentValue {
    /// For people.
    case text
    /// A JSON object each.
    case json
}

/// One line on standard error: the same for people and for programs.
struct LogEntry {
    /// How much it matters, what matters least first.
    enum Level: String, CaseIterable, Comparable {
        case debug
        case info
        case warning
        case error

        static func < (first: Level, second: Level) -> Bool { first.rank < second.rank }

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// What it is about; the names are stable.
    enum Event: String, CaseIterable {
        case message
        case configuration
        case imageStarted = "image-started"
        case copying
        case kept
        case imageFinished = "image-finished"
        case progress
        case request
        case retry
        case anonymous
        case credential
        case credentialsRejected = "credentials-rejected"
        case pulls
        case tagsSkipped = "tags-skipped"
        case interrupted
    }

    var level: Level
    var event: Event
    /// What happened, on one line that is safe to show.
    var text: String
    var fields: [JSONValue.Member] = []

    /// Makes an entry.
    init(
        _ level: Level, _ event: Event, _ text: String,
        _ fields: KeyValuePairs<String, JSONValue> = [:]
    ) {
        self.level = level
        self.event = event
        self.text = text
        self.fields = fields.map { JSONValue.Member($0.key, $0.value) }
    }

    /// The stable object; `Documentation/json.md` describes it.
    func json(at time: Timestamp) -> JSONValue {
        let head: JSONValue = [
            "time": .string(time.description),
            "level": .string(level.rawValue),
            "event": .string(event.rawValue),
            "message": .string(text),
        ]
        guard case .object(let members) = head else { return head }
        return .object(members + fields)
    }
}

extension LogEntry {
    /// Something that happens to an image; `finished` and `total` say how far the run has come.
    init(_ event: MirrorEvent, finished: Int, of total: Int) {
        switch event {
        case .started(let image):
            self.init(
                .debug, .imageStarted, "\(image.id): looking at \(image.sourceText)",
                ["image": .string(image.id), "source": .string(image.sourceText)])
        case .copying(let image, let target, let bytes):
            self.init(
                .info, .copying, "\(image.id): copying to \(target) (\(ByteCount(bytes: bytes)))",
                [
                    "image": .string(image.id), "target": .string(target.description),
                    "bytes": .integer(bytes),
                ])
        case .kept(let tag, let location):
            self.init(
                .debug, .kept, "\(location): kept the old digest as \(tag)",
                ["target": .string(location.description), "tag": .string(tag.name)])
        case .finished(let outcome):
            let sent = outcome.effort.bytesUploaded
            let words = [
                outcome.reason, sent > 0 ? "\(ByteCount(bytes: sent)) sent" : nil,
                "\(Elapsed(duration: outcome.duration))",
            ]
            let text = ([outcome.status.rawValue] + words.compactMap(\.self)).joined(
                separator: ", ")
            self.init(
                !outcome.isDone ? .warning : outcome.status == .unchanged ? .debug : .info,
                .imageFinished, "\(outcome.image.id): \(text) (\(finished) of \(total))",
                [
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

    /// Something that happens between this process and a registry.
    init(_ event: RegistryEvent) {
        switch event {
        case .requestFinished(let host, let kind, let status, let bytes):
            self.init(
                .debug, .request,
                "\(kind.rawValue) \(host): \(status.map(String.init) ?? "broken off"), \(bytes) bytes",
                [
                    "host": .string(host), "kind": .string(kind.rawValue),
                    "code": status.map(JSONValue.integer) ?? .null, "bytes": .integer(bytes),
                ])
        case .retryWaiting(let host, let reason, let duration):
            self.init(
                .info, .retry,
                "\(host): \(reason); trying again in \(Elapsed(duration: duration))",
                [
                    "host": .string(host.name), "reason": .string(reason),
                    "milliseconds": .integer(duration.milliseconds),
                ])
        case .anonymousFallback(let repository, let source):
            self.init(
                .info, .anonymous,
                "\(repository): read anonymously instead of with the credentials from \(source)",
                ["repository": .string(repository.description), "credential": .string(source)])
        case .credentialUsed(let host, let source):
            self.init(
                .debug, .credential, "\(host): credentials of \(source)",
                ["host": .string(host.name), "credential": .string(source)])
        case .credentialAccepted(let host, let source):
            self.init(
                .debug, .credential, "\(host): accepted the credentials from \(source)",
                ["host": .string(host.name), "credential": .string(source)])
        case .credentialRejected(let rejected):
            self.init(
                .warning, .credentialsRejected, "\(rejected.registry): \(rejected)",
                [
                    "host": .string(rejected.registry.name),
                    "credential": .string(rejected.source), "user": .optional(rejected.user),
                    "rejectedBy": .string(rejected.rejectedBy),
                    "code": rejected.status.map(JSONValue.integer) ?? .null,
                ])
        case .pullsRemaining(let host, let count):
            self.init(
                .debug, .pulls, "\(host): \(counted(count, "pull")) left",
                ["host": .string(host.name), "left": .integer(count)])
        case .invalidTagsSkipped(let repository, let count):
            self.init(
                .warning, .tagsSkipped,
                "\(repository): \(counted(count, "name")) in its listing can be no tag, left out",
                ["repository": .string(repository.description), "count": .integer(count)])
        }
    }

    /// How far a run has come.
    init(_ snapshot: ProgressSnapshot) {
        var parts = [snapshot.count, snapshot.bytes, snapshot.speed, snapshot.timeRemaining]
            .compactMap(\.self)
        let sample = snapshot.sample
        if sample.transfers.isEmpty, !sample.activeNames.isEmpty {
            parts.append("processing \(sample.activeNames.prefix(6).joined(separator: ", "))")
        }
        let lines = [parts.joined(separator: ", ")] + snapshot.throttledHosts.map(\.line)
        self.init(
            .info, .progress, lines.joined(separator: "; "),
            [
                "finished": .integer(sample.finishedCount),
                "total": .integer(sample.totalCount),
                "troubled": .integer(sample.failedCount),
                "inHand": .array(sample.activeNames.map(JSONValue.string)),
                "arrivedBytes": .integer(sample.completedBytes),
                "expectedBytes": .integer(sample.expectedBytes),
                "bytesPerSecond": .integer(snapshot.bytesPerSecond),
                "secondsLeft": snapshot.remaining.map { .integer($0.milliseconds / 1000) } ?? .null,
                "waiting": .array(
                    snapshot.throttledHosts.map {
                        [
                            "host": .string($0.host), "reason": .string($0.reason),
                            "milliseconds": .integer($0.remaining.milliseconds),
                        ]
                    }),
            ])
    }

    /// That the run is cut short.
    init(_ cause: Interruption.Cause) {
        let way = if case .signal = cause { "; once more to end at once" } else { "" }
        self.init(
            .info, .interrupted, "\(cause.words): what is finished is kept\(way)",
            ["endedBy": .string(cause.name)])
    }

    /// A problem of the configuration.
    init(_ diagnostic: ConfigurationDiagnostic) {
        self.init(
            diagnostic.isWarning ? .warning : .error, .configuration, diagnostic.headline,
            [
                "path": .string(diagnostic.file), "line": .integer(diagnostic.line),
                "column": .integer(diagnostic.column),
            ])
    }
}
