// SPDX-License-Identifier: Apache-2.0

/// The same mutations of inputs in every run.
struct Mutations: RandomNumberGenerator {
    private let file: InputFile
    private var state: UInt64

    init(of file: InputFile, seed: UInt64) {
        self.file = file
        state = seed
    }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ state >> 29
    }

    /// Returns an input with one to four changes.
    mutating func input() -> [UInt8] {
        var input = element(of: file.inputs)
        for _ in 0..<Int.random(in: 1...4, using: &self) { change(&input) }
        return Array(input.prefix(file.maximumLength))
    }

    private mutating func change(_ input: inout [UInt8]) {
        let start = Int.random(in: 0...input.count, using: &self)
        let range = start..<Int.random(in: start...min(start + 8, input.count), using: &self)
        switch Int.random(in: 0..<6, using: &self) {
        case 0: input.replaceSubrange(range, with: [UInt8.random(in: 0...255, using: &self)])
        case 1: input.removeSubrange(range)
        case 2: input.insert(contentsOf: input[range], at: start)
        case 3: input.insert(contentsOf: element(of: file.words), at: start)
        case 4: input.replaceSubrange(range, with: element(of: file.words))
        default:
            let other = element(of: file.inputs)
            input = input[..<start] + other.suffix(Int.random(in: 0...other.count, using: &self))
        }
    }

    private mutating func element(of list: [[UInt8]]) -> [UInt8] {
        list.isEmpty ? [] : list[Int.random(in: 0..<list.count, using: &self)]
    }
}
