// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// One change of a fragment's bytes, and what it is meant to change in the values.
struct Edit: Hashable, Sendable {
    enum Change: Hashable, Sendable {
        /// The whole scalar at this range becomes this text.
        case scalar(Range<Int>, text: String, isBool: Bool)
        /// A part of the scalar's text, in bytes, becomes this text.
        case part(Range<Int>, of: Range<Int>, text: String)
        /// The mapping gets a key behind the one whose value has this range.
        case entry(after: Range<Int>, key: String, text: String)
    }

    let fragment: Int
    /// The bytes of the fragment that are replaced; they lie in one line.
    let range: Range<Int>
    /// What replaces them, without a line break.
    let bytes: [UInt8]
    /// Whether the bytes become a line of their own behind the one that the range is at the end of.
    var isLine = false
    let change: Change

    /// Two edits of the same place contradict each other unless they are equal.
    struct Place: Hashable {
        let fragment: Int
        let range: Range<Int>
        let isLine: Bool
    }

    var place: Place { Place(fragment: fragment, range: range, isLine: isLine) }
}

/// An edit that cannot be made without touching more than it should.
struct EditRefusal: Error {
    let reason: String
}
