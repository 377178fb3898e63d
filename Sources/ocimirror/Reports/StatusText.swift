// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import Validation

// What the forms of a report that are for people say in the same words.

extension RunReport {
    /// How many images ended how.
    var counts: String {
        ImageOutcome.Status.allCases.compactMap { status -> String? in
            let count = count(status)
            return count > 0 ? "\(count) \(status.rawValue)" : nil
        }.joined(separator: ", ")
    }

    /// The same, or why there is nothing to count.
    var headline: String {
        if !counts.isEmpty { return counts }
        return interrupted.map { "\($0.words) before any image" } ?? "no image is configured"
    }

    /// What was sent, and what need not be.
    var effortInWords: [String] {
        let effort = effort
        var words: [String] = []
        if effort.manifestsPushed > 0 || effort.blobsUploaded > 0 {
            words.append(
                "\(ByteCount(bytes: effort.bytesUploaded)) sent in "
                    + counted(effort.blobsUploaded, "blob"))
        }
        if effort.blobsPresent > 0 {
            words.append("\(ByteCount(bytes: effort.bytesPresent)) saved: there already")
        }
        if effort.blobsMounted > 0 {
            words.append("\(ByteCount(bytes: effort.bytesMounted)) saved: mounted")
        }
        return words
    }

    /// The ids of images that an interruption left out.
    var unfinished: [String] { sync.unfinished.map(\.id) }

    /// Everything that keeps an image from being as it should be.
    var troubles: [ImageProblem] {
        sync.outcomes.flatMap(\.troubles)
            + sync.problems.map { ImageProblem($0.entry.name, $0.failure.verdict, $0.failure) }
    }

    /// The images with other bytes at some target than before, or with a new proof.
    var changes: [ImageOutcome] {
        sync.outcomes.filter {
            switch $0.status {
            case .mirrored, .repaired, .validated: true
            case .unchanged, .rejected, .missing, .failed: false
            }
        }
    }

    /// Findings of a severity, with the images that they are about.
    func findings(_ severity: Finding.Severity) -> [(image: PlannedImage, finding: Finding)] {
        sync.outcomes.flatMap { outcome in
            outcome.findings.filter { $0.severity == severity }.map { (outcome.image, $0) }
        }
    }
}

/// One thing that keeps an image from being as it should be.
struct ImageProblem: Hashable, Sendable {
    /// The image's id, or the entry's name.
    let id: String
    let status: ImageOutcome.Status
    /// Which end of the copy failed, where it was one.
    let side: CopySide?
    /// The finding's id, where it is one.
    let finding: Finding.ID?
    /// What is wrong, without the side.
    let message: String
    let hint: String?

    init(_ id: String, _ status: ImageOutcome.Status, _ failure: ImageFailure) {
        self.id = id
        self.status = status
        side = failure.side
        finding = nil
        let prefix = failure.side.map { "\($0.rawValue): " } ?? ""
        message = String(
            failure.message.hasPrefix(prefix)
                ? failure.message.dropFirst(prefix.count) : failure.message[...])
        hint = failure.hint
    }

    init(_ id: String, _ status: ImageOutcome.Status, _ found: Finding) {
        self.id = id
        self.status = status
        side = nil
        finding = found.id
        message = found.message
        hint = nil
    }
}

extension ImageOutcome {
    /// Everything that keeps it from being as it should be.
    var troubles: [ImageProblem] {
        guard !isDone else { return [] }
        return findings.filter { $0.severity == .error }.map { ImageProblem(image.id, status, $0) }
            + failures.map { ImageProblem(image.id, status, $0) }
    }
}
