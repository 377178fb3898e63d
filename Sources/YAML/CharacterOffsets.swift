// SPDX-License-Identifier: Apache-2.0

/// Converts libyaml's positions, in characters after a byte order mark, to byte offsets of the
/// file.
struct CharacterOffsets {
    private let start: Int
    private let end: Int
    /// The byte offset of each character; `nil` if every character is one byte.
    private let offsets: [UInt32]?

    init(_ text: YAMLText) {
        start = text.start
        end = text.bytes.count
        if text.isPlain {
            offsets = nil
        } else {
            let content = text.bytes[text.start...]
            offsets = content.indices.lazy
                .filter { content[$0] & 0xC0 != 0x80 }
                .map { UInt32(truncatingIfNeeded: $0) }
        }
    }

    /// Returns the byte offset of a character, or the end of the file for a position beyond it.
    subscript(position: Int) -> Int {
        guard let offsets else { return min(start + position, end) }
        return position < offsets.count ? Int(offsets[position]) : end
    }
}
