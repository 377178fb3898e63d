// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Applies edits to the bytes of a file and verifies that nothing else changed.
struct EditedFile {
    let fragments: [Fragment]
    let edits: [Edit]
    let limits: YAMLDocumentStream.Limits

    /// A range of bytes and its replacement.
    private struct Splice {
        let range: Range<Int>
        let bytes: [UInt8]
    }

    /// Returns the edited file.
    ///
    /// - Throws: ``EditError`` if edits overlap, or if the result differs from the file in
    ///   anything but the intended values.
    func bytes() throws(EditError) -> [UInt8] {
        let file = fragments[0].stream.text
        let edited = try Self.apply(edits.map { splice($0, in: file) }, to: file.bytes)
        guard EditVerifier(edits, in: fragments, limits: limits).accepts(edited) else {
            throw EditError(reason: "the edit would change more than the pin")
        }
        return edited
    }

    /// Converts an edit to the bytes of the file, with the file's line breaks and indentation.
    private func splice(_ edit: Edit, in file: YAMLText) -> Splice {
        let fragment = fragments[edit.fragment]
        let start = fragment.fileOffset(edit.range.lowerBound)
        let range = start..<(start + edit.range.count)
        guard !edit.lines.isEmpty else { return Splice(range: range, bytes: edit.bytes) }
        var prefix: ArraySlice<UInt8> = []
        if fragment.parent != nil {
            let own = fragment.stream.text
            let line = own.range(ofLine: own.mark(at: edit.range.lowerBound).line)
            let inner = fragment.fileOffset(line.lowerBound)
            prefix = file.bytes[file.range(ofLine: file.mark(at: inner).line).lowerBound..<inner]
        }
        let lineBreak = Self.lineBreak(at: start, in: file)
        return Splice(range: range, bytes: edit.lines.flatMap { lineBreak + prefix + $0 })
    }

    /// Returns the line break that ends the line, or that of the first line if the file ends there.
    private static func lineBreak(at offset: Int, in text: YAMLText) -> [UInt8] {
        for location in [offset, text.range(ofLine: 1).upperBound] where location < text.bytes.count
        {
            if text.bytes[location...].starts(with: [0x0D, 0x0A]) { return [0x0D, 0x0A] }
            if text.bytes[location] == 0x0D { return [0x0D] }
            return [0x0A]
        }
        return [0x0A]
    }

    private static func apply(
        _ splices: [Splice], to bytes: [UInt8]
    ) throws(EditError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + splices.count * 80)
        var position = 0
        for splice in splices.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
            guard splice.range.lowerBound >= position, splice.range.upperBound <= bytes.count
            else { throw EditError(reason: "two edits overlap") }
            result += bytes[position..<splice.range.lowerBound]
            result += splice.bytes
            position = splice.range.upperBound
        }
        return result + bytes[position...]
    }
}
