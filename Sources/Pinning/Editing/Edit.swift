// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// One change of a fragment's bytes, and what it is meant to change in the values.
struct Edit: Hashable, Sendable {
    enum Change: Hashable, Sendable {
        /// The whole scalar at this range becomes this text.
        case scalar(Range<Int>, text: String, isBool: Bool)
        /// A part of the scalar's text, in bytes, becomes this text.
        case part(Range<Int>, of: Range<Int>, text: String)
        /// The mapping gets these keys after the one whose value has this range.
        case entries(after: Range<Int>, [Addition])
    }

    /// A key that a mapping gets, and its value.
    struct Addition: Hashable, Sendable {
        let key: String
        let text: String
        /// The text as it is written, with its quotes.
        let token: String
    }

    let fragment: Int
    /// The bytes of the fragment that are replaced; they lie in one line.
    let range: Range<Int>
    /// What replaces them, without line breaks.
    let bytes: [UInt8]
    /// The lines that are added after the one that the range is at the end of.
    var lines: [[UInt8]] = []
    let change: Change

    /// Two edits of the same place contradict each other unless they are equal.
    struct Place: Hashable {
        let fragment: Int
        let range: Range<Int>
        let isLine: Bool
    }

    var place: Place { Place(fragment: fragment, range: range, isLine: !lines.isEmpty) }
}

/// An edit that cannot be made without touching more than it should.
struct EditRefusal: Error {
    let reason: String
}
