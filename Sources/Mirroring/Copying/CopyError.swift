// SPDX-License-Identifier: Apache-2.0

public import Content

/// The role of a store in a copy.
public enum CopyRole: String, Sendable {
    case source
    case target
}

/// A failure together with the store at which it happened.
public struct CopyError: ContentFailure {
    /// The role of the store that failed.
    public let role: CopyRole
    /// The location of the store.
    public let location: StoreLocation
    /// The class of the failure.
    public let failureClass: FailureClass
    /// The operation that failed and the cause.
    public let message: String
    /// The recommended action, if there is one.
    public let hint: String?
    /// A Boolean value that indicates whether a policy of the store blocks all pulls of the
    /// manifest.
    public let blocksPulls: Bool
    /// The cause, which the failures of other images can share.
    public let cause: FailureCause?

    /// Creates an error that attributes `error` to a store.
    ///
    /// A ``CopyError`` keeps its role and location. Cancellation belongs to neither store and is
    /// left to the caller.
    public init(_ error: any Error, role: CopyRole, at location: StoreLocation) {
        if let error = error as? CopyError {
            self = error
            return
        }
        let failure = error as? any ContentFailure
        self.role = role
        self.location = location
        self.failureClass = failure?.failureClass ?? .unavailable
        self.message = "\(error)"
        self.hint = failure?.hint
        self.blocksPulls = failure?.blocksPulls ?? false
        self.cause = failure?.cause
    }

    /// One line: the role, the location unless the message contains it, and the message.
    public var description: String {
        let suffix = message.contains(location.description) ? "" : " \(location)"
        return "\(role.rawValue)\(suffix): \(message)"
    }
}

/// Runs `body` and attributes its errors to a store.
///
/// Only a cancellation of the current task is thrown as `CancellationError`. A canceled transfer
/// that is shared with another image is a failure.
///
/// - Throws: ``CopyError`` or `CancellationError`.
func attributingErrors<Value>(
    to role: CopyRole, at location: StoreLocation, _ body: () async throws -> Value
) async throws -> Value {
    do {
        return try await body()
    } catch is CancellationError {
        try Task.checkCancellation()
        throw CopyError(
            ContentError(.unavailable, "the transfer was canceled", hint: "run again"),
            role: role, at: location)
    } catch {
        throw CopyError(error, role: role, at: location)
    }
}

/// A failure in the form that reports use.
public struct ImageFailure: Hashable, Sendable, CustomStringConvertible {
    /// The class of the failure, which decides the exit code.
    public let failureClass: FailureClass
    /// The role of the registry that failed, or `nil` if no copy was involved.
    public let role: CopyRole?
    /// The operation, its location and the cause, on one line.
    public let message: String
    /// The recommended action, if there is one.
    public let hint: String?
    /// The cause, which the failures of other images can share.
    public let cause: FailureCause?

    /// Creates a failure.
    public init(
        _ failureClass: FailureClass, role: CopyRole? = nil, _ message: String,
        hint: String? = nil, cause: FailureCause? = nil
    ) {
        self.failureClass = failureClass
        self.role = role
        self.message = message
        self.hint = hint
        self.cause = cause
    }

    /// Creates a failure from an error.
    public init(_ error: any Error) {
        let failure = error as? any ContentFailure
        self.init(
            failure?.failureClass ?? .unavailable, role: (error as? CopyError)?.role, "\(error)",
            hint: failure?.hint, cause: failure?.cause)
    }

    /// Describes the error of an operation.
    ///
    /// - Throws: `CancellationError` if the task is canceled, after which a transfer can end in any
    ///   error.
    init(unlessCanceled error: any Error) throws(CancellationError) {
        guard !Task.isCancelled else { throw CancellationError() }
        guard !(error is CancellationError) else {
            self.init(.unavailable, "the transfer was canceled", hint: "run again")
            return
        }
        self.init(error)
    }

    /// The message.
    public var description: String { message }
}
