// SPDX-License-Identifier: Apache-2.0

public import Files
public import Hashing

/// The class of a failure, which decides the exit code and whether to retry, for any store.
public enum FailureClass: String, Sendable, CaseIterable {
    /// The image, tag or repository does not exist.
    case missing
    /// Credentials are missing, rejected or insufficient.
    case denied
    /// The registry limits the request rate.
    case throttled
    /// The pull rate limit is reached.
    case quota
    /// Bytes do not match their digest.
    case integrity
    /// A store rejects a manifest because a blob or manifest that it references is missing.
    case incomplete
    /// The content is not supported: malformed, ambiguous, too large or of an unknown kind.
    case invalid
    /// The operation failed or its result is unknown: network, TLS, registry or disk.
    case unavailable
}

/// An error of a store, with its class and an optional hint.
public protocol ContentFailure: Error, CustomStringConvertible {
    /// The class of the failure.
    var failureClass: FailureClass { get }
    /// The hint: a sentence in the imperative, without a full stop.
    var hint: String? { get }
    /// A Boolean value that indicates whether the store has the manifest, but a policy permits no
    /// one to read it.
    var blocksPulls: Bool { get }
    /// The cause, which the failures of other images can share, or `nil` if it concerns only this
    /// operation.
    var cause: FailureCause? { get }
}

extension ContentFailure {
    /// The default, for stores without such policies.
    public var blocksPulls: Bool { false }
    /// The default, for failures that are not caused by a host.
    public var cause: FailureCause? { nil }
}

/// The cause of a failure without the operation and its object, so that reports can list the
/// failures of several images once.
public struct FailureCause: Hashable, Sendable {
    /// The host that failed.
    public let host: String
    /// The reason, on one line.
    public let reason: String
    /// A Boolean value that indicates whether the host failed so often that nothing more was sent
    /// to it.
    public let isUnreachable: Bool

    /// Creates a cause.
    public init(host: String, reason: String, isUnreachable: Bool = false) {
        self.host = host
        self.reason = reason
        self.isUnreachable = isUnreachable
    }
}

/// A failure that a store detects itself: in the content, or on the local disk.
public struct ContentError: ContentFailure, Hashable {
    /// The class of the failure.
    public let failureClass: FailureClass
    /// The message: operation, location and cause.
    public let message: String
    /// The hint.
    public let hint: String?

    /// Creates an error.
    public init(_ failureClass: FailureClass, _ message: String, hint: String? = nil) {
        self.failureClass = failureClass
        self.message = message
        self.hint = hint
    }

    /// The message.
    public var description: String { message }
}

extension IntegrityError: ContentFailure {
    /// The class, always `integrity`.
    public var failureClass: FailureClass { .integrity }

    /// The hint.
    public var hint: String? {
        "retry; if the error persists, report it to the operator of the registry"
    }
}

extension FileError: ContentFailure {
    /// The class: `missing` if the file does not exist, otherwise `unavailable`.
    public var failureClass: FailureClass { isMissing ? .missing : .unavailable }

    /// The hint, always `nil`.
    public var hint: String? { nil }
}
