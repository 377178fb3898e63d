// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import TextSafety

/// Parses the common subset of regular expressions: alternatives, groups, classes, and repetitions.
struct TagExpressionParser {
    private typealias CharacterSet = TagExpression.CharacterSet
    private typealias Instruction = TagExpression.Instruction

    private let text: String
    private var rest: ArraySlice<UInt8>
    private var ignoresCase = false

    init(_ text: String) {
        self.text = text
        rest = Array(text.utf8)[...]
    }

    mutating func program() throws(ParseError) -> [TagExpression.Instruction] {
        ignoresCase = take("(?i)")
        let program = try alternatives(depth: 0)
        guard rest.isEmpty else { throw failure("unmatched ')'") }
        return program + [.match]
    }

    private mutating func alternatives(depth: Int) throws(ParseError) -> [TagExpression.Instruction]
    {
        guard depth < 32 else { throw failure("groups are nested too deeply") }
        var branches = [try sequence(depth: depth)]
        while take("|") { branches.append(try sequence(depth: depth)) }
        var program = branches.removeLast()
        for branch in branches.reversed() {
            program = try checked(
                [.split(1, branch.count + 2)] + Self.moved(branch, by: 1)
                    + [.jump(branch.count + 2 + program.count)]
                    + Self.moved(program, by: branch.count + 2))
        }
        return program
    }

    private mutating func sequence(depth: Int) throws(ParseError) -> [TagExpression.Instruction] {
        var program: [TagExpression.Instruction] = []
        while let byte = rest.first, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
            let item = try repeated(try atom(depth: depth))
            program = try checked(program + Self.moved(item, by: program.count))
        }
        return program
    }

    private mutating func atom(depth: Int) throws(ParseError) -> [TagExpression.Instruction] {
        let byte = rest.removeFirst()
        switch byte {
        case UInt8(ascii: "("):
            if take("?") {
                guard take(":") else {
                    throw failure("unsupported '(?'; use '(?:', or '(?i)' at the beginning")
                }
            }
            let group = try alternatives(depth: depth + 1)
            guard take(")") else { throw failure("missing ')'") }
            return group
        case UInt8(ascii: "["): return [.character(try characterClass())]
        case UInt8(ascii: "."): return [.character(CharacterSet().inverted)]
        case UInt8(ascii: "^"): return [.start]
        case UInt8(ascii: "$"): return [.end]
        case UInt8(ascii: "\\"): return [.character(try escape())]
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
            throw failure("nothing to repeat before '\(Character(UnicodeScalar(byte)))'")
        default: return [.character(folded(CharacterSet([byte])))]
        }
    }

    private mutating func repeated(
        _ item: [TagExpression.Instruction]
    ) throws(ParseError) -> [TagExpression.Instruction] {
        let range: (least: Int, most: Int?)
        if take("*") {
            range = (0, nil)
        } else if take("+") {
            range = (1, nil)
        } else if take("?") {
            range = (0, 1)
        } else if take("{") {
            range = try count()
        } else {
            return item
        }
        // Lazy and greedy repetitions accept the same texts.
        _ = take("?")
        guard let next = rest.first,
            [UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "{")]
                .contains(next)
        else { return try expanded(item, least: range.least, most: range.most) }
        throw failure("nested repetition operator")
    }

    private func expanded(
        _ item: [TagExpression.Instruction], least: Int, most: Int?
    ) throws(ParseError) -> [TagExpression.Instruction] {
        var program: [TagExpression.Instruction] = []
        for _ in 0..<least {
            program = try checked(program + Self.moved(item, by: program.count))
        }
        guard let most else {
            let start = program.count
            program.append(.split(start + 1, start + item.count + 2))
            return try checked(program + Self.moved(item, by: start + 1) + [.jump(start)])
        }
        for _ in least..<most {
            let start = program.count
            program.append(.split(start + 1, start + item.count + 1))
            program = try checked(program + Self.moved(item, by: start + 1))
        }
        return program
    }

    /// Parses `{n}`, `{n,}` or `{n,m}` after the opening brace.
    private mutating func count() throws(ParseError) -> (least: Int, most: Int?) {
        let least = number()
        let hasComma = take(",")
        let most = hasComma ? number() : least
        guard take("}"), let least, least <= TagExpression.limit,
            most.map({ $0 >= least && $0 <= TagExpression.limit }) ?? hasComma
        else { throw failure("invalid repetition; use {2} or {2,4}") }
        return (least, most)
    }

    private mutating func number() -> Int? {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        rest = rest.dropFirst(digits.count)
        return Int(String(decoding: digits, as: UTF8.self))
    }

    private mutating func characterClass() throws(ParseError) -> TagExpression.CharacterSet {
        let isNegated = take("^")
        var set = CharacterSet()
        var isFirst = true
        while let byte = rest.first, isFirst || byte != UInt8(ascii: "]") {
            isFirst = false
            rest.removeFirst()
            guard byte != UInt8(ascii: "["), !rest.starts(with: "&&".utf8) else {
                throw failure("nested character classes are not supported; write \\[ for a bracket")
            }
            if byte == UInt8(ascii: "\\") {
                set.formUnion(try escape())
                continue
            }
            guard rest.first == UInt8(ascii: "-"), let last = rest.dropFirst().first,
                last != UInt8(ascii: "]")
            else {
                set.insert(byte)
                continue
            }
            rest = rest.dropFirst(2)
            guard byte <= last, last != UInt8(ascii: "\\"), last != UInt8(ascii: "[") else {
                throw failure("invalid range in a character class")
            }
            set.formUnion(CharacterSet(byte...last))
        }
        guard take("]") else { throw failure("missing ']'") }
        set = folded(set)
        return isNegated ? set.inverted : set
    }

    private mutating func escape() throws(ParseError) -> TagExpression.CharacterSet {
        guard let byte = rest.popFirst() else { throw failure("trailing '\\'") }
        let digits = CharacterSet(0x30...0x39)
        var words = CharacterSet(0x41...0x5A)
        words.formUnion(CharacterSet(0x61...0x7A))
        words.formUnion(digits)
        words.insert(UInt8(ascii: "_"))
        let blanks = CharacterSet([0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20])
        switch byte {
        case UInt8(ascii: "d"): return digits
        case UInt8(ascii: "D"): return digits.inverted
        case UInt8(ascii: "w"): return words
        case UInt8(ascii: "W"): return words.inverted
        case UInt8(ascii: "s"): return blanks
        case UInt8(ascii: "S"): return blanks.inverted
        case _ where words.contains(byte) || byte >= 0x80:
            let character = [byte] + rest.prefix { $0 & 0xC0 == 0x80 }
            throw failure(
                "unsupported escape '\\\(UntrustedText(bytes: character).display)'; "
                    + "use \\d, \\w or \\s")
        default: return CharacterSet([byte])
        }
    }

    private func folded(_ set: TagExpression.CharacterSet) -> TagExpression.CharacterSet {
        guard ignoresCase else { return set }
        var folded = set
        for byte in UInt8(ascii: "A")...UInt8(ascii: "Z") {
            if set.contains(byte) { folded.insert(byte | 0x20) }
            if set.contains(byte | 0x20) { folded.insert(byte) }
        }
        return folded
    }

    private static func moved(
        _ program: [TagExpression.Instruction], by distance: Int
    ) -> [TagExpression.Instruction] {
        program.map { instruction in
            switch instruction {
            case .split(let first, let second): .split(first + distance, second + distance)
            case .jump(let target): .jump(target + distance)
            case .character, .start, .end, .match: instruction
            }
        }
    }

    private func checked(
        _ program: [TagExpression.Instruction]
    ) throws(ParseError) -> [TagExpression.Instruction] {
        guard program.count < TagExpression.limit else {
            throw failure("more than \(TagExpression.limit) instructions")
        }
        return program
    }

    private mutating func take(_ word: String) -> Bool {
        guard rest.starts(with: word.utf8) else { return false }
        rest = rest.dropFirst(word.utf8.count)
        return true
    }

    private func failure(_ reason: String) -> ParseError {
        ParseError("regular expression", text, reason: reason)
    }
}
