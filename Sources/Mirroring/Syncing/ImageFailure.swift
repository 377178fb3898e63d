// SPDX-License-Identifier: Apache-2.0

public import Content

/// A failure in the form that reports use.
public struct ImageFailure: Hashable, Sendable, CustomStringConvertible {
    /// The class of the failure, which decides the exit code.
    public let failureClass: FailureClass
    /// The role of the registry that failed, or `nil` if no copy was involved.
    public let role: CopyRole?
    /// The operation, its location and the cause, in one line.
    public let message: String
    /// The action to take next.
    public let hint: String?

    /// Creates a failure.
    public init(
        _ failureClass: FailureClass, role: CopyRole? = nil, _ message: String, hint: String? = nil
    ) {
        self.failureClass = failureClass
        self.role = role
        self.message = message
        self.hint = hint
    }

    /// Creates a failure from an error.
    public init(_ error: any Error) {
        let failure = error as? any ContentFailure
        self.init(
            failure?.failureClass ?? .unavailable, role: (error as? CopyError)?.role, "\(error)",
            hint: failure?.hint)
    }

    /// The message.
    public var description: String { message }
}
