// SPDX-License-Identifier: Apache-2.0

public import Content

/// A failure in the form that reports use.
public struct ImageFailure: Hashable, Sendable, CustomStringConvertible {
    /// The class of the failure, which decides the exit code.
    public let failureClass: FailureClass
    /// The side of the copy that failed; `nil` if no copy was involved.
    public let side: CopySide?
    /// The operation, its location and the cause, in one line.
    public let message: String
    /// The action to take next.
    public let hint: String?

    /// Creates a failure.
    public init(
        _ failureClass: FailureClass, side: CopySide? = nil, _ message: String, hint: String? = nil
    ) {
        self.failureClass = failureClass
        self.side = side
        self.message = message
        self.hint = hint
    }

    /// Creates a failure from an error.
    public init(_ error: any Error) {
        let failure = error as? any ContentFailure
        self.init(
            failure?.failureClass ?? .unavailable, side: (error as? CopyError)?.side, "\(error)",
            hint: failure?.hint)
    }

    /// The message.
    public var description: String { message }
}
