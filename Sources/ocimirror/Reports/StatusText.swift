// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import Validation

// The wording that text, Markdown and HTML reports share.

extension RunReport {
    /// The number of images with each status.
    var counts: String {
        ImageOutcome.Status.allCases.compactMap { status -> String? in
            let count = count(status)
            return count > 0 ? "\(count.grouped) \(status.rawValue)" : nil
        }.joined(separator: ", ")
    }

    /// The status counts, or the reason why there are none.
    var headline: String {
        if !counts.isEmpty { return counts }
        return interrupted.map { "\($0.words) before the first image" } ?? "no images configured"
    }

    /// The amounts of data that were uploaded and skipped.
    var effortSummary: [String] {
        let effort = effort
        var words: [String] = []
        if effort.blobsUploaded > 0 {
            words.append(
                "\(ByteCount(bytes: effort.bytesUploaded)) uploaded in "
                    + counted(effort.blobsUploaded, "blob"))
        } else if effort.manifestsPushed > 0 {
            words.append("\(counted(effort.manifestsPushed, "manifest")) uploaded")
        }
        if effort.blobsPresent > 0 {
            words.append("\(ByteCount(bytes: effort.bytesPresent)) skipped: already present")
        }
        if effort.blobsMounted > 0 {
            words.append("\(ByteCount(bytes: effort.bytesMounted)) mounted")
        }
        return words
    }

    /// The ids of images that were not processed because the run was interrupted.
    var unfinished: [String] { sync.unfinished.map(\.id) }

    /// The problems of all images and configuration entries.
    var problems: [ImageProblem] {
        sync.outcomes.flatMap(\.problems)
            + sync.problems.map {
                ImageProblem($0.entry.name, status: $0.failure.status, failure: $0.failure)
            }
    }

    /// The images that were copied or validated in this run.
    var changes: [ImageOutcome] {
        sync.outcomes.filter {
            switch $0.status {
            case .mirrored, .repaired, .validated: true
            case .unchanged, .rejected, .missing, .failed: false
            }
        }
    }

    /// Returns the findings of a severity with their images.
    func findings(_ severity: Finding.Severity) -> [(image: PlannedImage, finding: Finding)] {
        sync.outcomes.flatMap { outcome in
            outcome.findings.filter { $0.severity == severity }.map { (outcome.image, $0) }
        }
    }
}

extension ImageOutcome.Status {
    /// Returns the status as reports show it.
    fileprivate func text(isStillRejected: Bool) -> String {
        isStillRejected ? "still \(rawValue)" : rawValue
    }
}

/// A problem of one image, or of several images for the same cause.
struct ProblemGroup {
    /// The problem of the first image.
    let problem: ImageProblem
    let ids: [String]

    /// The message about all images.
    var message: String {
        guard ids.count > 1, let failure = problem.sharedFailure else { return problem.message }
        return failure.message(count: ids.count)
    }
}

extension RunReport {
    /// The problems of all images; those that at least ``SharedFailure/minimum`` images share are
    /// listed once.
    var problemGroups: [ProblemGroup] {
        let problems = problems
        let shared = Dictionary(
            grouping: problems.filter { $0.sharedFailure != nil }, by: \.sharedFailure
        ).filter { $0.value.count >= SharedFailure.minimum }
        var added: Set<SharedFailure> = []
        return problems.compactMap { problem in
            guard let failure = problem.sharedFailure, let group = shared[failure] else {
                return ProblemGroup(problem: problem, ids: [problem.id])
            }
            return added.insert(failure).inserted
                ? ProblemGroup(problem: problem, ids: group.map(\.id)) : nil
        }
    }
}

/// A reason why an image needs attention.
struct ImageProblem: Hashable, Sendable {
    /// The image's id, or the name of the configuration entry.
    let id: String
    let status: ImageOutcome.Status
    /// A Boolean value that indicates whether an earlier run rejected the image.
    let isStillRejected: Bool
    /// The status as reports show it.
    var statusText: String { status.text(isStillRejected: isStillRejected) }
    /// The role of the registry that failed, if the copy failed.
    let role: CopyRole?
    /// The id of the finding, if the problem is a finding.
    let finding: Finding.ID?
    /// The message without the role at its beginning.
    let message: String
    let hint: String?
    /// The failure, if other images can share it.
    let sharedFailure: SharedFailure?

    /// The message with the id of the finding, or with the role of the registry.
    var labeledMessage: String {
        (finding.map(\.rawValue) ?? role?.rawValue).map { "\($0): \(message)" } ?? message
    }

    init(_ id: String, status: ImageOutcome.Status, failure: ImageFailure) {
        self.id = id
        isStillRejected = false
        sharedFailure = SharedFailure([failure])
        self.status = status
        role = failure.role
        finding = nil
        let role = failure.role?.rawValue ?? ""
        // The message is `source: …`, or `source LOCATION: …`.
        let isPrefix = failure.role != nil && failure.message.hasPrefix(role)
        let rest = isPrefix ? failure.message.dropFirst(role.count) : failure.message[...]
        message = String(isPrefix ? rest.drop { $0 == ":" || $0 == " " } : rest)
        hint = failure.hint
    }

    init(
        _ id: String, status: ImageOutcome.Status, finding found: Finding, isStillRejected: Bool
    ) {
        self.id = id
        self.isStillRejected = isStillRejected
        self.status = status
        role = nil
        finding = found.id
        message = found.message
        hint = nil
        sharedFailure = nil
    }
}

extension ImageOutcome {
    /// The status as reports show it.
    var statusText: String { status.text(isStillRejected: isStillRejected) }

    /// The reasons why the image needs attention.
    var problems: [ImageProblem] {
        guard !isDone else { return [] }
        return findings.filter { $0.severity == .error }.map {
            ImageProblem(image.id, status: status, finding: $0, isStillRejected: isStillRejected)
        }
            + failures.map { ImageProblem(image.id, status: status, failure: $0) }
    }
}
