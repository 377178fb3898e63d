// SPDX-License-Identifier: Apache-2.0

/// The difference between two versions of a file, as a patch for `git apply` and `patch`.
struct UnifiedDiff {
    /// The patch; empty if the versions are equal.
    let text: String

    private static let context = 3
    /// The number of lines that are searched for the next equal pair.
    ///
    /// Pinning changes and adds single lines. A search for the shortest patch would take quadratic
    /// time in the number of changed lines.
    private static let window = 8

    init(path: String, from old: [UInt8], to new: [UInt8]) {
        let oldLines = Self.lines(old)
        let newLines = Self.lines(new)
        var steps: [Step] = []
        var (i, j) = (0, 0)
        while i < oldLines.count || j < newLines.count {
            let (removed, inserted) = Self.difference(oldLines[i...], newLines[j...])
            for line in oldLines[i..<(i + removed)] {
                steps.append(Step("-", line, old: i, new: j))
                i += 1
            }
            for line in newLines[j..<(j + inserted)] {
                steps.append(Step("+", line, old: i, new: j))
                j += 1
            }
            if i < oldLines.count, j < newLines.count {
                steps.append(Step(" ", oldLines[i], old: i, new: j))
                (i, j) = (i + 1, j + 1)
            }
        }
        let hunks = Self.hunks(steps)
        text =
            hunks.isEmpty
            ? ""
            : "--- a/\(path)\n+++ b/\(path)\n" + hunks.map { Self.text(of: steps[$0]) }.joined()
    }

    /// A line of the patch with its line numbers in both versions.
    private struct Step {
        let sign: Character
        let line: String
        let old: Int
        let new: Int

        init(_ sign: Character, _ line: String, old: Int, new: Int) {
            self.sign = sign
            self.line = line
            self.old = old
            self.new = new
        }
    }

    /// Returns the numbers of lines in both versions before the next pair of equal lines.
    private static func difference(
        _ old: ArraySlice<String>, _ new: ArraySlice<String>
    ) -> (removed: Int, inserted: Int) {
        var skipped = 0
        while skipped < old.count, skipped < new.count {
            let (old, new) = (old.dropFirst(skipped), new.dropFirst(skipped))
            for distance in 0...window {
                for removed in 0...distance where removed < old.count {
                    let inserted = distance - removed
                    if inserted < new.count,
                        old[old.startIndex + removed] == new[new.startIndex + inserted]
                    {
                        return (skipped + removed, skipped + inserted)
                    }
                }
            }
            skipped += 1
        }
        return (old.count, new.count)
    }

    /// Returns the lines with their line breaks, so that a missing last line break is a difference.
    private static func lines(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        var start = 0
        for (index, byte) in bytes.enumerated() where byte == 0x0A {
            lines.append(String(decoding: bytes[start...index], as: UTF8.self))
            start = index + 1
        }
        if start < bytes.count { lines.append(String(decoding: bytes[start...], as: UTF8.self)) }
        return lines
    }

    /// Returns the ranges of changes, each with its context lines.
    private static func hunks(_ steps: [Step]) -> [Range<Int>] {
        var hunks: [Range<Int>] = []
        for (index, step) in steps.enumerated() where step.sign != " " {
            let range = max(0, index - context)..<min(steps.count, index + context + 1)
            if let last = hunks.last, last.upperBound >= range.lowerBound {
                hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
            } else {
                hunks.append(range)
            }
        }
        return hunks
    }

    private static func text(of steps: ArraySlice<Step>) -> String {
        guard let first = steps.first else { return "" }
        let old = steps.count { $0.sign != "+" }
        let new = steps.count { $0.sign != "-" }
        var text = "@@ -\(range(first.old, old)) +\(range(first.new, new)) @@\n"
        for step in steps {
            text += "\(step.sign)\(step.line)"
            if step.line.utf8.last != 0x0A { text += "\n\\ No newline at end of file\n" }
        }
        return text
    }

    private static func range(_ start: Int, _ count: Int) -> String {
        "\(count == 0 ? start : start + 1)" + (count == 1 ? "" : ",\(count)")
    }
}
