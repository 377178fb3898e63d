// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A change to the bytes of a fragment, and the change to its values that it is meant to make.
struct Edit: Hashable, Sendable {
    enum Change: Hashable, Sendable {
        /// Replaces the whole scalar at this range with this text.
        case scalar(Range<Int>, text: String, isBool: Bool)
        /// Replaces a part of the scalar's text, as a range of bytes, with this text.
        case part(Range<Int>, of: Range<Int>, text: String)
        /// Adds keys to the mapping after the key whose value has this range.
        case entries(after: Range<Int>, [Addition])
    }

    /// A key that is added to a mapping, and its value.
    struct Addition: Hashable, Sendable {
        let key: String
        let text: String
        /// The text as it is written, including quotes.
        let token: String
    }

    let fragment: Int
    /// The bytes of the fragment to replace; they are in one line.
    let range: Range<Int>
    /// The replacement, without line breaks.
    let bytes: [UInt8]
    /// The lines to add after the line at whose end the range is.
    var lines: [[UInt8]] = []
    let change: Change

    /// The location of an edit; two edits of one location contradict each other unless they are
    /// equal.
    struct Location: Hashable {
        let fragment: Int
        let range: Range<Int>
        let isLine: Bool
    }

    var location: Location { Location(fragment: fragment, range: range, isLine: !lines.isEmpty) }
}

/// An error that indicates that an edit would change more than it should.
struct EditError: Error {
    let reason: String
}
