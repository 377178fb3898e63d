// SPDX-License-Identifier: Apache-2.0

public import TextSafety

/// Text that does not have the form of the noun it should be.
public struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The noun, such as `digest`, `tag` or `reference`.
    public let noun: String
    /// The text that was read.
    public let text: UntrustedText
    /// What is wrong with it and, where it helps, what would be right.
    public let reason: String

    /// Makes an error about `text`, which should have been a `noun`.
    public init(_ noun: String, _ text: String, _ reason: String) {
        self.noun = noun
        self.text = UntrustedText(text)
        self.reason = reason
    }

    /// One line: noun, text, reason.
    public var description: String {
        "\(noun) '\(text.display(limit: 200))': \(reason)"
    }
}
