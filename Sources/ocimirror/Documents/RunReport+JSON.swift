// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Mirroring
internal import OCI
internal import Registry
internal import StrictJSON
internal import Validation
internal import TextSafety

extension RunReport {
    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "sync",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "version": .string(Program.version),
            "startedAt": .string(began.description),
            "milliseconds": .integer(duration.milliseconds),
            "interrupted": .bool(interrupted != nil),
            "endedBy": .optional(interrupted?.name),
            "unfinished": .array(sync.unfinished.map { .string($0.id) }),
            "required": .strings(required),
            "totals": totals,
            "images": .array(
                sync.outcomes.map {
                    $0.json(
                        isAnonymous: credentials.readsAnonymously($0.image.source), today: began.day
                    )
                }),
            "problems": .array(
                sync.problems.map {
                    [
                        "name": .string($0.entry.name),
                        "line": .integer($0.entry.location.line),
                        "failure": $0.failure.json,
                    ]
                }),
            "findings": credentials.json,
            "pulls": .array(pulls.map(\.json)),
            "hosts": .array(traffic.map(\.json)),
            "slowest": .array(
                slowest.map {
                    [
                        "id": .string($0.image.id),
                        "milliseconds": .integer($0.duration.milliseconds),
                    ]
                }),
            "locks": .array(
                locks.map {
                    [
                        "path": .string($0.path),
                        "changed": .bool($0.hasChanged),
                        "retainedEntries": .array($0.update.kept.map(JSONValue.string)),
                        "removedEntries": .array($0.update.dropped.map(JSONValue.string)),
                        "failure": $0.failure?.json ?? .null,
                        "published": $0.publication?.json ?? .null,
                    ]
                }),
        ]
    }

    private var totals: JSONValue {
        let effort = effort
        return [
            "unchanged": .integer(count(.unchanged)),
            "validated": .integer(count(.validated)),
            "mirrored": .integer(count(.mirrored)),
            "repaired": .integer(count(.repaired)),
            "rejected": .integer(count(.rejected)),
            "missing": .integer(count(.missing)),
            "failed": .integer(count(.failed)),
            "blobsUploaded": .integer(effort.blobsUploaded),
            "bytesUploaded": .integer(effort.bytesUploaded),
            "blobsMounted": .integer(effort.blobsMounted),
            "bytesMounted": .integer(effort.bytesMounted),
            "blobsPresent": .integer(effort.blobsPresent),
            "bytesPresent": .integer(effort.bytesPresent),
            "manifestsPushed": .integer(effort.manifestsPushed),
            "requests": .integer(requestCount),
            "retries": .integer(traffic.reduce(0) { $0 + $1.retries }),
            "bytesRead": .integer(traffic.reduce(0) { $0.plus($1.bytesRead) }),
            "bytesWritten": .integer(traffic.reduce(0) { $0.plus($1.bytesWritten) }),
        ]
    }
}

extension HostStatistics {
    fileprivate var json: JSONValue {
        [
            "host": .string(host),
            "requests": .integer(requestCount),
            "kinds": .array(
                requests.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                    ["kind": .string($0.key.rawValue), "requests": .integer($0.value)]
                }),
            "retries": .integer(retries),
            "bytesRead": .integer(bytesRead),
            "bytesWritten": .integer(bytesWritten),
        ]
    }
}

extension ImageOutcome {
    fileprivate func json(isAnonymous: Bool, today: CalendarDay) -> JSONValue {
        [
            "id": .string(image.id),
            "source": .string(image.sourceText),
            "tag": .optional(image.tag?.name),
            "auth": isAnonymous ? "anonymous" : .null,
            "status": .string(status.rawValue),
            "reason": .optional(reason),
            "stillRejected": .bool(isStillRejected),
            "rejection": .optional(rejectionKey),
            "validation": .optional(validation?.rawValue),
            "notChecked": .strings(notChecked),
            "digest": .optional(descriptor.map { $0.digest.description }),
            "previous": .optional(previous?.description),
            "mediaType": .optional(descriptor.map { $0.mediaType.name }),
            "size": descriptor.map { .integer($0.size) } ?? .null,
            "downloadSize": facts.downloadSize.map(JSONValue.integer) ?? .null,
            "platforms": .array(facts.platforms.map(\.json)),
            "labels": [
                "revision": .optional(facts.labels[.revision]?.display),
                "source": .optional(facts.labels[.source]?.display),
                "created": .optional(facts.labels[.created]?.display),
                "version": .optional(facts.labels[.version]?.display),
            ],
            "findings": .array(findings.map(\.json)),
            "exception": image.entry.exception.map { $0.json(today: today) } ?? .null,
            "failure": failure?.json ?? .null,
            "suggestions": suggestedTags?.json ?? .null,
            "milliseconds": .integer(duration.milliseconds),
            "targets": .array(targets.map(\.json)),
        ]
    }
}

extension ImageFacts.PlatformFacts {
    fileprivate var json: JSONValue {
        [
            "platform": .string(platform.description),
            "digest": .string(digest.description),
            "size": .integer(size),
            "downloadSize": downloadSize.map(JSONValue.integer) ?? .null,
            "created": .optional(created?.display),
        ]
    }
}

extension PlatformException {
    /// Returns a Boolean value that indicates whether the exception applies on a day.
    func isInForce(on today: CalendarDay) -> Bool {
        until.map { $0.daysSinceEpoch >= today.daysSinceEpoch } ?? true
    }

    fileprivate func json(today: CalendarDay) -> JSONValue {
        [
            "platforms": .strings(platforms),
            "reason": .string(reason),
            "until": .optional(until?.description),
            "inForce": .bool(isInForce(on: today)),
        ]
    }
}

extension ImageTarget {
    fileprivate var json: JSONValue {
        [
            "location": .string(location.description),
            "previous": .optional(current.map { $0.digest.description }),
            "blobsUploaded": .integer(receipt?.blobsUploaded ?? 0),
            "bytesUploaded": .integer(receipt?.bytesUploaded ?? 0),
            "blobsMounted": .integer(receipt?.blobsMounted ?? 0),
            "bytesMounted": .integer(receipt?.bytesMounted ?? 0),
            "blobsPresent": .integer(receipt?.blobsPresent ?? 0),
            "bytesPresent": .integer(receipt?.bytesPresent ?? 0),
            "manifestsPushed": .integer(receipt?.manifestsPushed ?? 0),
            "retentionTag": .optional(receipt?.retentionTag?.name),
            "referrers": referrers?.json ?? .null,
            "public": isPublic.map(JSONValue.bool) ?? .null,
            "failure": failure?.json ?? .null,
        ]
    }
}

extension ReferrerReceipt {
    fileprivate var json: JSONValue {
        [
            "copied": .integer(copied),
            "present": .integer(present),
            "tags": .integer(tags),
            "warnings": .array(warnings.map(JSONValue.string)),
        ]
    }
}
