// SPDX-License-Identifier: Apache-2.0

public import Content

/// Which end of a copy something happened at.
public enum CopySide: String, Sendable {
    case source
    case target
}

/// A failure with the side that it happened on.
public struct CopyError: ContentFailure {
    /// Which end failed.
    public let side: CopySide
    /// Where that is.
    public let location: StoreLocation
    /// What it means.
    public let failureClass: FailureClass
    /// What was tried and why it failed.
    public let message: String
    /// What to do next.
    public let hint: String?

    /// Puts a side to an error.
    ///
    /// Errors that have a side keep it; cancellation is not an error of either side and is left to
    /// the caller.
    public init(_ error: any Error, side: CopySide, at location: StoreLocation) {
        if let error = error as? CopyError {
            self = error
            return
        }
        let failure = error as? any ContentFailure
        self.side = side
        self.location = location
        self.failureClass = failure?.failureClass ?? .unavailable
        self.message = "\(error)"
        self.hint = failure?.hint
    }

    /// One line: the side, the place unless the reason names it, the reason.
    public var description: String {
        let place = message.contains(location.description) ? "" : " \(location)"
        return "\(side.rawValue)\(place): \(message)"
    }
}

/// Runs `body` and puts a side to what it throws.
///
/// A `CancellationError` ends the caller only where the caller is cancelled: one that comes from work that
/// is shared with another image is a failure like any other.
func at<Value>(
    _ side: CopySide, _ location: StoreLocation, _ body: () async throws -> Value
) async throws -> Value {
    do {
        return try await body()
    } catch is CancellationError {
        try Task.checkCancellation()
        throw CopyError(
            ContentError(.unavailable, "the transfer was cancelled", hint: "run again"),
            side: side, at: location)
    } catch {
        throw CopyError(error, side: side, at: location)
    }
}
