// SPDX-License-Identifier: Apache-2.0

/// A password, token or header value that is never shown.
///
/// Printing, interpolating, dumping or reflecting it yields `***`. The only access to the value is
/// ``reveal()``, which is called where the value is sent and nowhere else.
public struct Secret: Hashable, Sendable {
    private let value: String

    /// Creates a secret.
    public init(_ value: String) {
        self.value = value
    }

    /// A Boolean value that indicates whether the value is empty.
    public var isEmpty: Bool { value.isEmpty }

    /// Returns the secret without the line breaks at its end, or `nil` if there are none.
    ///
    /// Files and variables often end with one, and no header can contain it.
    public func trimmingLineBreaks() -> Secret? {
        guard let last = value.unicodeScalars.last, last == "\n" || last == "\r" else { return nil }
        var scalars = value.unicodeScalars
        while scalars.last == "\n" || scalars.last == "\r" { scalars.removeLast() }
        return Secret(String(scalars))
    }

    /// Returns the value, for sending.
    public func reveal() -> String { value }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `***`.
    public var description: String { "***" }

    /// Always `***`.
    public var debugDescription: String { "***" }

    /// A mirror without children, so that `dump` and test output show nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
