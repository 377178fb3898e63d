// SPDX-License-Identifier: Apache-2.0

public import TextSafety

/// Text that is not a valid value of a domain type.
public struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the type, such as `digest`, `tag` or `reference`.
    public let noun: String
    /// The text that was read.
    public let text: UntrustedText
    /// The reason and, where it helps, the expected form.
    public let reason: String

    /// Creates an error about `text`, which should be a `noun`.
    public init(_ noun: String, _ text: String, reason: String) {
        self.noun = noun
        self.text = UntrustedText(text)
        self.reason = reason
    }

    /// One line: the type, the text and the reason.
    public var description: String {
        "\(noun) '\(text.display(limit: 200))': \(reason)"
    }
}
