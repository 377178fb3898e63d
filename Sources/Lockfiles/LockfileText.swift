// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Checks of the text of a lock file before it is parsed.
enum LockfileText {
    /// Rejects a file that is empty or has unresolved merge conflicts.
    ///
    /// - Throws: ``LockfileError`` for an empty file and for conflict markers.
    static func check(_ bytes: [UInt8]) throws(LockfileError) {
        guard bytes.contains(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }) else {
            throw LockfileError(at: YAMLMark(line: 1, column: 1), "the lock file is empty")
        }
        let lines = markerLines(in: bytes)
        guard let first = lines.first else { return }
        let shown = lines.prefix(6).map { "\($0)" }.joined(separator: ", ")
        let others = lines.count > 6 ? ", and \(lines.count - 6) more" : ""
        throw LockfileError(
            at: YAMLMark(line: first, column: 1),
            "unresolved merge conflict: conflict markers in "
                + "\(lines.count == 1 ? "line" : "lines") \(shown)\(others)",
            hint: LockfileError.conflictHint)
    }

    /// Returns a Boolean value that indicates whether the file is truncated: every lock file ends
    /// with a line break.
    static func isTruncated(_ bytes: [UInt8]) -> Bool { !bytes.isEmpty && bytes.last != 0x0A }

    /// Returns the numbers of the lines that are conflict markers, in Git's default or `diff3`
    /// style.
    ///
    /// No line of a lock file begins like a conflict marker: its keys are indented, or names.
    private static func markerLines(in bytes: [UInt8]) -> [Int] {
        var found: [Int] = []
        var number = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            guard let sign = line.first, "<|=>".utf8.contains(sign),
                line.prefix(7).elementsEqual(repeatElement(sign, count: 7)),
                line.count == 7 || line.dropFirst(7).first == 0x20
                    || line.dropFirst(7).elementsEqual([0x0D])
            else { continue }
            found.append(number)
        }
        return found
    }
}
