// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import AsyncPrimitives

/// A failure that several images have for the same cause, which reports list once.
struct SharedFailure: Hashable {
    let role: CopyRole?
    let cause: FailureCause
    let hint: String?

    /// The number of images from which a failure is listed once.
    static let minimum = 2

    /// Creates a shared failure, if the failures of an image have one cause that others can share.
    init?(_ failures: [ImageFailure]) {
        guard let first = failures.first, let cause = first.cause,
            failures.allSatisfy({ $0.cause == cause && $0.role == first.role })
        else { return nil }
        role = first.role
        self.cause = cause
        hint = first.hint
    }

    /// Returns the message about a number of images.
    func message(count: Int) -> String {
        let subject = (role.map { "\($0.rawValue) " } ?? "") + cause.host
        guard cause.isUnreachable else { return "\(subject): \(cause.reason)" }
        return "\(subject) is unreachable; \(counted(count, "image")) not attempted: "
            + cause.reason
    }

    /// Returns the lines below the row of the images.
    func details(of ids: [String], _ style: TextStyle) -> [Listing.Cell] {
        [
            Listing.Cell(text: "error: \(message(count: ids.count))", paint: style.red),
            Listing.Cell(text: "images: \(listed(ids))"),
        ] + (hint.map { [Listing.Cell(text: "hint: \($0)", paint: style.bold)] } ?? [])
    }
}

/// The failures that were logged, so that one with the same cause is not logged for every image.
final class LoggedFailures: Sendable {
    private let counts = Mutex<[SharedFailure: Int]>([:])

    /// Records the failures of an image.
    ///
    /// - Returns: The number of images that have had the same failure, or 0 if it cannot be shared.
    func record(_ outcome: ImageOutcome) -> Int {
        guard outcome.findings.isEmpty, let failure = SharedFailure(outcome.failures) else {
            return 0
        }
        return counts.withLock { counts in
            counts[failure, default: 0] += 1
            return counts[failure] ?? 0
        }
    }
}
