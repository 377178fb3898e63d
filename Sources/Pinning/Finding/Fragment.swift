// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// A piece of YAML: a whole file, or a text in a file that is YAML itself.
///
/// The offsets of its nodes are relative to the fragment; ``fileOffset(_:)`` converts them to
/// offsets of the file.
struct Fragment: Sendable {
    /// The parent fragment and the scalar in it that contains this one; `nil` for the file itself.
    let parent: (fragment: Int, scalar: YAMLNode)?
    let stream: YAMLDocumentStream
    /// A Boolean value that indicates whether the text contains a character that begins an anchor
    /// or a merge key.
    let mayRepeatValues: Bool
    /// The directives that identify the images of lines.
    let directives: PinDirectives
    /// A Boolean value that indicates whether the text is in the file as it is, line by line.
    let isEditable: Bool
    /// The starts of the fragment's lines, in the fragment and in the file.
    private let lines: [(own: Int, file: Int)]
    /// The position in the file of all of a text that is not there as it is.
    private let position: Int?

    /// Creates the fragment of a whole file.
    init(_ stream: YAMLDocumentStream) {
        self.parent = nil
        self.stream = stream
        self.mayRepeatValues = Self.mayRepeatValues(stream.text.bytes)
        self.directives = PinDirectives(stream)
        self.isEditable = true
        self.lines = []
        self.position = nil
    }

    /// Creates the fragment of a scalar; `nil` if it is not YAML.
    init?(
        of scalar: YAMLNode, in outer: Fragment, at number: Int, limits: YAMLDocumentStream.Limits
    ) {
        guard case .scalar(let text, let style) = scalar.kind else { return nil }
        let starts = style == .literal ? Fragment.lines(of: scalar, in: outer.stream.text) : []
        guard let starts,
            let stream = try? YAMLDocumentStream(parsing: Array(text.utf8), limits: limits)
        else { return nil }
        isEditable = style == .literal && outer.isEditable
        position = isEditable ? nil : outer.fileOffset(scalar.range.lowerBound)
        self.parent = (number, scalar)
        self.stream = stream
        self.mayRepeatValues = Self.mayRepeatValues(stream.text.bytes)
        self.directives = PinDirectives(stream)
        var own = 0
        var lines: [(own: Int, file: Int)] = []
        for start in starts {
            lines.append((own, outer.fileOffset(start.offset)))
            own += start.length + 1
        }
        self.lines = lines
    }

    private static func mayRepeatValues(_ bytes: [UInt8]) -> Bool {
        bytes.contains { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: "<") }
    }

    /// Returns the range of each line of a literal scalar in the text around it, without its
    /// indentation.
    static func lines(
        of scalar: YAMLNode, in text: YAMLText
    ) -> [(offset: Int, length: Int)]? {
        guard case .scalar(let content, .literal) = scalar.kind else { return nil }
        var line = scalar.mark.line
        var starts: [(offset: Int, length: Int)] = []
        for piece in content.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
            line += 1
            // The final line break of the scalar does not start another line.
            guard line <= text.lineCount else { return piece.isEmpty ? starts : nil }
            let range = text.range(ofLine: line)
            let start = range.upperBound - piece.count
            guard start >= range.lowerBound,
                piece.isEmpty || text.bytes[start..<range.upperBound].elementsEqual(piece)
            else { return nil }
            starts.append((start, piece.count))
        }
        return starts
    }

    /// Returns the offset in the file of a byte of this fragment.
    func fileOffset(_ offset: Int) -> Int {
        if let position { return position }
        guard !lines.isEmpty else { return offset }
        var low = 0
        var high = lines.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lines[middle].own <= offset { low = middle } else { high = middle }
        }
        let line = lines[low]
        return line.file + offset - line.own
    }
}
