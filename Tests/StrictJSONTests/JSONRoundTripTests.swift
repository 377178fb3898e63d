// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import Testing

/// A reproducible pseudo-random number generator (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func string() -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...6, using: &self) {
            let ranges: [ClosedRange<UInt32>] = [
                0x20...0x7E, 0x20...0x7E, 0x1...0x1F, 0x7F...0xFF, 0x100...0xD7FF,
                0xE000...0xFFFF, 0x1_0000...0x10_FFFF, 0x22...0x23, 0x5B...0x5C,
            ]
            let range = ranges.randomElement(using: &self) ?? 0x20...0x7E
            let number = UInt32.random(in: range, using: &self)
            if let scalar = Unicode.Scalar(number) { text.append(scalar) }
        }
        return String(text)
    }

    mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0...(depth > 0 ? 7 : 5), using: &self) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &self))
        case 2: return .integer(Int.random(in: .min ... .max, using: &self))
        case 3:
            return .number(
                ["1.5", "-0", "1e9", "99999999999999999999"].randomElement(using: &self) ?? "0.1")
        case 4, 5: return .string(string())
        case 6:
            return .array(
                (0..<Int.random(in: 0...4, using: &self)).map { _ in value(depth: depth - 1) })
        default:
            var names: Set<String> = []
            return .object(
                (0..<Int.random(in: 0...4, using: &self)).compactMap { _ in
                    let name = string()
                    let value = value(depth: depth - 1)
                    return names.insert(name).inserted ? .init(name, value) : nil
                })
        }
    }
}

@Suite struct JSONRoundTripTests {
    @Test(arguments: 0..<8)
    func `a written value is parsed as the same value`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<250 {
            let value = generator.value(depth: 4)
            #expect(try JSONValue(parsing: Array(value.text.utf8)) == value)
            let compact = value.compactText
            let read = try JSONValue(parsing: Array(compact.utf8))
            #expect(read == value)
            #expect(read.compactText.utf8.elementsEqual(compact.utf8))
            #expect(!compact.contains("##"))
            #expect(compact.unicodeScalars.allSatisfy { $0.isShowable })
        }
    }

    @Test(arguments: 0..<8)
    func `random bytes are parsed or rejected`(seed: UInt64) {
        var generator = SeededGenerator(seed: 0x5EED + seed)
        let alphabet =
            Array("{}[]\",:\\u0123eE+-.truefalsn \n\u{7F}\u{1}é".utf8) + [0xFF, 0xC0, 0xED]
        for round in 0..<500 {
            let bytes = (0..<Int.random(in: 0...60, using: &generator)).map { _ in
                round.isMultiple(of: 2)
                    ? UInt8.random(in: 0...255, using: &generator)
                    : alphabet.randomElement(using: &generator) ?? 0
            }
            expectStable(bytes)
        }
    }

    @Test(arguments: 0..<8)
    func `a mutated document is parsed or rejected`(seed: UInt64) {
        var generator = SeededGenerator(seed: 0xBAD + seed)
        for _ in 0..<250 {
            var bytes = Array(generator.value(depth: 4).compactText.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...3, using: &generator) {
                case 0: bytes.remove(at: place)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                default: bytes.removeSubrange(place...)
                }
            }
            expectStable(bytes)
        }
    }

    /// Expects that valid bytes remain the same document when written and parsed again.
    private func expectStable(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes) else { return }
        let again = try? JSONValue(parsing: Array(value.compactText.utf8))
        #expect(again == value)
    }
}

extension Unicode.Scalar {
    fileprivate var isShowable: Bool {
        value >= 0x20 && !(0x7F...0x9F).contains(value) && !(0x200B...0x200F).contains(value)
            && !(0x2028...0x202E).contains(value) && !(0xE0000...0xE01EF).contains(value)
    }
}
