// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import TextSafety

extension VersionRange {
    /// Parses the alternatives that `||` separates, each a list of comparators that must all match.
    static func groups(of text: String) throws(ParseError) -> [[Comparator]] {
        var groups: [[Comparator]] = []
        for alternative in text.split(separator: "||", omittingEmptySubsequences: false) {
            var reader = ComparatorReader(text: text, rest: alternative)
            groups.append(try reader.group())
        }
        return groups
    }
}

/// Parses the comparators of one alternative.
private struct ComparatorReader {
    let text: String
    var rest: Substring

    mutating func group() throws(ParseError) -> [VersionRange.Comparator] {
        var group: [VersionRange.Comparator] = []
        skipSpace()
        repeat {
            let start = rest
            let comparison = takeOperator()
            skipSpace()
            let first = try version(comparison ?? .equal, of: start)
            if comparison == nil, takeHyphen() {
                let second = try version(.lessOrEqual, of: start)
                group.append(
                    VersionRange.Comparator(
                        comparison: .greaterOrEqual, version: first.version,
                        precision: first.precision))
                group.append(second)
            } else {
                group.append(first)
            }
        } while try takeSeparator()
        return group
    }

    private mutating func skipSpace() { rest = rest.drop { $0 == " " || $0 == "\t" } }

    /// Consumes a blank or comma and returns whether another comparator follows.
    private mutating func takeSeparator() throws(ParseError) -> Bool {
        let before = rest
        skipSpace()
        guard !rest.isEmpty else { return false }
        if rest.first == "," {
            rest.removeFirst()
            skipSpace()
            return true
        }
        guard before.startIndex != rest.startIndex else {
            throw failure("missing space or comma before '\(Self.shown(before))'")
        }
        return true
    }

    /// ` - ` between two versions; without blanks it begins a prerelease.
    private mutating func takeHyphen() -> Bool {
        let separator = rest.prefix { $0 == " " || $0 == "\t" || $0 == "-" }
        let isHyphen = separator.split(whereSeparator: { $0 != "-" }) == ["-"]
        guard isHyphen, separator.first != "-", separator.last != "-" else { return false }
        rest = rest[separator.endIndex...]
        return true
    }

    private mutating func takeOperator() -> VersionRange.Comparator.Operator? {
        let operators: [(String, VersionRange.Comparator.Operator)] = [
            ("!=", .notEqual), (">=", .greaterOrEqual), ("=>", .greaterOrEqual),
            ("<=", .lessOrEqual), ("=<", .lessOrEqual), ("~>", .tilde), ("=", .equal),
            (">", .greater), ("<", .less), ("~", .tilde), ("^", .caret),
        ]
        for (sign, meaning) in operators where rest.hasPrefix(sign) {
            rest = rest.dropFirst(sign.count)
            return meaning
        }
        return nil
    }

    private mutating func version(
        _ comparison: VersionRange.Comparator.Operator, of start: Substring
    ) throws(ParseError) -> VersionRange.Comparator {
        let word = rest.prefix { $0 != " " && $0 != "\t" && $0 != "," }
        rest = rest[word.endIndex...]
        guard !word.isEmpty else {
            throw failure(
                start.isEmpty
                    ? "missing comparator" : "missing version after '\(Self.shown(start))'")
        }
        let unsigned = word.first == "v" ? word.dropFirst() : word
        let core = unsigned.prefix { $0 != "-" && $0 != "+" }
        let parts = core.split(separator: ".", omittingEmptySubsequences: false)
        let isWildcard: (Substring) -> Bool = { ["x", "X", "*"].contains($0) }
        // As in Helm, text after a wildcard is ignored, but must be a number or wildcard.
        let given = parts.prefix { !isWildcard($0) }
        let padded = (given.map(String.init) + ["0", "0", "0"]).prefix(3).joined(separator: ".")
        guard parts.count <= 3, parts.allSatisfy({ isWildcard($0) || UInt64($0) != nil }),
            let version = SemanticVersion(lenient: padded + unsigned[core.endIndex...])
        else { throw failure("invalid version '\(Self.shown(word))'") }
        return VersionRange.Comparator(
            comparison: comparison, version: version, precision: given.count)
    }

    /// Returns a part of the range as messages show it.
    private static func shown(_ text: Substring) -> String {
        UntrustedText(String(text)).display(limit: 100)
    }

    private func failure(_ reason: String) -> ParseError {
        ParseError(
            "version range", text, reason: "\(reason); use a range such as '>=1.2 <2' or '~1.4'")
    }
}
