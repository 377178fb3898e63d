// SPDX-License-Identifier: Apache-2.0

public import OCI

/// A regular expression for whole tags, matched in time proportional to the tag's length.
///
/// Swift's own expressions backtrack: `(a+)+$` takes 2^128 steps for a tag that a registry made for it.
/// This one follows all alternatives at once, so it supports no back references and no lookaround.
///
/// Source: Thompson, Regular Expression Search Algorithm (1968).
struct TagExpression: Sendable {
    /// ASCII characters; tags have no others.
    struct CharacterSet: Hashable, Sendable {
        private var low: UInt64 = 0
        private var high: UInt64 = 0

        init() {}

        init(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { insert(byte) }
        }

        /// Adds a character; others than ASCII ones match nothing.
        mutating func insert(_ byte: UInt8) {
            if byte < 64 { low |= 1 << byte } else if byte < 128 { high |= 1 << (byte - 64) }
        }

        mutating func formUnion(_ other: CharacterSet) {
            low |= other.low
            high |= other.high
        }

        var inverted: CharacterSet {
            var set = self
            (set.low, set.high) = (~low, ~high)
            return set
        }

        func contains(_ byte: UInt8) -> Bool {
            byte < 64 ? low >> byte & 1 == 1 : byte < 128 && high >> (byte - 64) & 1 == 1
        }
    }

    enum Instruction: Sendable {
        case character(CharacterSet)
        /// Continues at both instructions.
        case split(Int, Int)
        case jump(Int)
        case start
        case end
        case match
    }

    /// The maximum number of instructions; counted repetitions are expanded.
    static let limit = 1000

    private let instructions: [Instruction]

    /// Parses an expression.
    ///
    /// - Throws: ``ParseError`` if the expression is invalid or not supported.
    init(parsing text: String) throws(ParseError) {
        var parser = TagExpressionParser(text)
        instructions = try parser.program()
    }

    /// Returns a Boolean value that indicates whether the expression matches the whole text.
    func matches(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var seen = Array(repeating: -1, count: instructions.count)
        var states: [Int] = []
        follow(0, at: 0, of: bytes.count, into: &states, &seen)
        for (position, byte) in bytes.enumerated() {
            var next: [Int] = []
            for state in states {
                if case .character(let set) = instructions[state], set.contains(byte) {
                    follow(state + 1, at: position + 1, of: bytes.count, into: &next, &seen)
                }
            }
            states = next
        }
        return states.contains { if case .match = instructions[$0] { true } else { false } }
    }

    /// Collects the states that are reached without another character.
    private func follow(
        _ state: Int, at position: Int, of count: Int, into states: inout [Int], _ seen: inout [Int]
    ) {
        var waiting = [state]
        while let state = waiting.popLast() {
            guard seen[state] != position else { continue }
            seen[state] = position
            switch instructions[state] {
            case .character, .match: states.append(state)
            case .jump(let target): waiting.append(target)
            case .split(let first, let second): waiting += [first, second]
            case .start: if position == 0 { waiting.append(state + 1) }
            case .end: if position == count { waiting.append(state + 1) }
            }
        }
    }
}

/// A selection of tags from a listing.
public struct TagPattern: Hashable, Sendable {
    /// The selected versions, in the range grammar of Helm.
    public var versions: VersionRange?
    /// A regular expression that the whole tag must match.
    public var regex: String?
    /// The number of greatest tags to keep, or `nil` to keep all.
    public var latest: Int?

    /// Creates a pattern.
    public init(versions: VersionRange? = nil, regex: String? = nil, latest: Int? = nil) {
        self.versions = versions
        self.regex = regex
        self.latest = latest
    }

    /// Returns the selected tags, the greatest first.
    ///
    /// Tags are ordered by version, then by name; tags that are not versions come last. An invalid
    /// regular expression matches nothing; the loader rejects it.
    ///
    /// - Parameters:
    ///   - tags: The tags of the listing.
    ///   - areCharts: A Boolean value that indicates whether `_` replaces the `+` of a version, as in
    ///     tags of Helm.
    /// - Returns: The selected tags.
    public func select(from tags: some Sequence<Tag>, areCharts: Bool = false) -> [Tag] {
        let expression = regex.map { try? TagExpression(parsing: $0) }
        var matching: [(tag: Tag, version: SemanticVersion?)] = []
        for tag in tags {
            let version = SemanticVersion(lenient: tag.name, isChart: areCharts)
            if let versions {
                guard let version, versions.contains(version) else { continue }
            }
            if let expression {
                guard let expression, expression.matches(tag.name) else { continue }
            }
            matching.append((tag, version))
        }
        matching.sort { first, second in
            switch (first.version, second.version) {
            case (let a?, let b?) where a != b: a > b
            case (.some, nil): true
            case (nil, .some): false
            default: first.tag > second.tag
            }
        }
        return matching.prefix(latest ?? matching.count).map(\.tag)
    }
}
