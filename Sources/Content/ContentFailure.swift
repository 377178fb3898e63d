// SPDX-License-Identifier: Apache-2.0

public import Files
public import Hashing

/// What a failure means for those who decide what happens next, whatever store it came from.
public enum FailureClass: String, Sendable, CaseIterable {
    /// There is no such image, tag or repository.
    case missing
    /// Credentials were refused, or do not suffice.
    case denied
    /// The other side asks for patience.
    case throttled
    /// The allowance of pulls is used up.
    case quota
    /// Bytes are not what their digest says.
    case integrity
    /// A store refuses a manifest because it lacks something that the manifest points at.
    case incomplete
    /// The content cannot be handled: malformed, ambiguous, too large, of an unknown kind.
    case invalid
    /// Could not be done or found out: network, TLS, a registry's or a disk's fault.
    case unavailable
}

/// An error of a store, with its class and, where there is one, advice.
public protocol ContentFailure: Error, CustomStringConvertible {
    /// What it means.
    var failureClass: FailureClass { get }
    /// What to do next, as a sentence without a full stop.
    var hint: String? { get }
}

/// A failure that a store finds by itself: in the content, or on the local disk.
public struct ContentError: ContentFailure, Hashable {
    /// What it means.
    public let failureClass: FailureClass
    /// What was tried, where, and why it failed.
    public let message: String
    /// What to do next.
    public let hint: String?

    /// Makes an error.
    public init(_ failureClass: FailureClass, _ message: String, hint: String? = nil) {
        self.failureClass = failureClass
        self.message = message
        self.hint = hint
    }

    /// The message.
    public var description: String { message }
}

extension IntegrityError: ContentFailure {
    /// Always `integrity`.
    public var failureClass: FailureClass { .integrity }

    /// What to do next.
    public var hint: String? {
        "the bytes were rejected; try again, and tell the registry's owner if it stays so"
    }
}

extension FileError: ContentFailure {
    /// `missing` where there is no such file, else `unavailable`.
    public var failureClass: FailureClass { isMissing ? .missing : .unavailable }

    /// Nothing beyond the message.
    public var hint: String? { nil }
}
