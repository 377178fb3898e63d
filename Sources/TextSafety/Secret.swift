// SPDX-License-Identifier: Apache-2.0

/// A password, token or header value that must never be shown.
///
/// Printing, interpolating, dumping or reflecting it gives `***`. The one way to the value is
/// ``reveal()``, which is called where the value goes onto the wire and nowhere else.
public struct Secret: Hashable, Sendable {
    private let value: String

    /// Wraps a value that must not be shown.
    public init(_ value: String) {
        self.value = value
    }

    /// Whether there is nothing to hide.
    public var isEmpty: Bool { value.isEmpty }

    /// Returns the value itself, for the wire.
    public func reveal() -> String { value }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `***`.
    public var description: String { "***" }

    /// Always `***`.
    public var debugDescription: String { "***" }

    /// A mirror without children, so that `dump` and test output show nothing either.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
