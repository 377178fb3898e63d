// SPDX-License-Identifier: Apache-2.0

public import Content

/// Why something could not be done or found out, as a value for reports.
public struct ImageFailure: Hashable, Sendable, CustomStringConvertible {
    /// What it means, which decides the exit code.
    public let failureClass: FailureClass
    /// Which end of a copy failed, where it was one.
    public let side: CopySide?
    /// What was tried, where, and why it failed, in one line.
    public let message: String
    /// What to do next.
    public let hint: String?

    /// Makes a failure.
    public init(
        _ failureClass: FailureClass, side: CopySide? = nil, _ message: String, hint: String? = nil
    ) {
        self.failureClass = failureClass
        self.side = side
        self.message = message
        self.hint = hint
    }

    /// Makes a failure of whatever was thrown.
    public init(_ error: any Error) {
        let failure = error as? any ContentFailure
        self.init(
            failure?.failureClass ?? .unavailable, side: (error as? CopyError)?.side, "\(error)",
            hint: failure?.hint)
    }

    /// The message.
    public var description: String { message }
}
